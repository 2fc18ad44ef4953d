import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { deleteNamed, follow, namedLink, putNamed } from '../../support/api/named.ts'
import { type FileBody, filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('putNamedFile: a file put under a name', (service) => {
  const fresh = () => `b-${randomUUID()}`
  async function list(bucket: string): Promise<string[]> {
    const { body } = await service.api.get(`${filesPath}?bucket=${bucket}`)
    return body.map(({ file_name }: FileBody) => file_name)
  }
  const open = async (bucket: string, name: string) =>
    follow(service, (await namedLink(service, bucket, name).expect(200)).body.data.location)
  /** The bytes that a name means now. */
  const read = async (bucket: string, name: string) => (await open(bucket, name)).body.toString()

  it('is answered with a link that anyone can read it by', async () => {
    const { status, body } = await putNamed(service, 'a.txt', 'hello', { bucket: fresh() })
    expect([status, body.message]).toEqual([201, 'Uploaded file successfully.'])
    const answer = await follow(service, body.data.location)
    expect([answer.status, answer.body.toString()]).toEqual([200, 'hello'])
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.headers['content-disposition']).toBe('attachment; filename=a.txt')
  })

  it('replaces the file of that name, and no other', async () => {
    const bucket = fresh()
    await putNamed(service, 'a.txt', 'one', { bucket })
    await putNamed(service, 'b.txt', 'other', { bucket })
    await putNamed(service, 'a.txt', 'two', { bucket })
    expect([await read(bucket, 'a.txt'), await read(bucket, 'b.txt')]).toEqual(['two', 'other'])
    expect((await list(bucket)).toSorted()).toEqual(['a.txt', 'b.txt'])
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('is the only one of its name, however many come at once', async () => {
    const bucket = fresh()
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`)
    const answers = await Promise.all(texts.map((text) => putNamed(service, 'a.txt', text, { bucket })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(await list(bucket)).toEqual(['a.txt'])
    expect(texts).toContain(await read(bucket, 'a.txt'))
    expect(await service.violations()).toEqual([])
  })

  it('may be the bytes that are there already', async () => {
    const bucket = fresh()
    for (const name of ['a.txt', 'b.txt', 'a.txt'])
      await putNamed(service, name, 'same', { bucket }).expect(201)
    expect((await list(bucket)).toSorted()).toEqual(['a.txt', 'b.txt'])
  })

  it('may lie in folders, by a field', async () => {
    const bucket = fresh()
    await putNamed(service, 'x.txt', 'deep', { bucket, fields: { file_name: 'a/b/c.txt' } })
    expect(await list(bucket)).toEqual(['a/b/c.txt'])
    expect(await read(bucket, 'a/b/c.txt')).toBe('deep')
    const { headers } = await open(bucket, 'a/b/c.txt')
    expect(headers['content-disposition']).toBe('attachment; filename=a_b_c.txt')
    await deleteNamed(service, bucket, 'a/b/c.txt').expect(200)
  })

  it.each(['日本語.txt', '100% (it\'s) "new"!.txt', 'a+b&c=d#e?.txt', '.hidden', 'e\u0301.txt'])(
    'keeps the name %s all the way',
    async (name) => {
      const bucket = fresh()
      await putNamed(service, 'x', name, { bucket, fields: { file_name: name } })
      expect(await read(bucket, name)).toBe(name)
    },
  )

  it('is one file for one Idempotency-Key', async () => {
    const bucket = fresh()
    const key = randomUUID()
    const answers = [
      await putNamed(service, 'a.txt', 'once', { bucket }).set('Idempotency-Key', key),
      await putNamed(service, 'a.txt', 'once', { bucket }).set('Idempotency-Key', key),
    ]
    expect(answers.map(({ status, headers }) => [status, headers['idempotency-replayed']])).toEqual([
      [201, undefined],
      [201, 'true'],
    ])
    expect(await list(bucket)).toEqual(['a.txt'])
  })
})
