import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { follow, namedLink, putNamed } from '../../support/named.ts'

describeService('putNamedFile: a file put under a name', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const remove = (bucket: string, name: string) =>
    send(service, `/file/${bucket}/${encodeURIComponent(name)}`, { method: 'DELETE' })
  const list = async (bucket: string) =>
    (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body.map(({ file_name }) => file_name)
  /** The bytes that a name means now; undefined when it means nothing. */
  async function read(bucket: string, name: string): Promise<string | undefined> {
    const { status, body } = await namedLink(service, bucket, name)
    if (status === 404) return undefined
    return (await follow(service, body.data?.location)).bytes.toString()
  }
  it('is answered with a link that anyone can read it by', async () => {
    const { status, body } = await putNamed(service, 'a.txt', 'hello', { bucket: fresh() })
    expect([status, body.message]).toEqual([201, 'Uploaded file successfully.'])
    const answer = await follow(service, body.data?.location)
    expect([answer.status, answer.bytes.toString()]).toEqual([200, 'hello'])
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=a.txt')
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
    for (const name of ['a.txt', 'b.txt', 'a.txt']) {
      expect((await putNamed(service, name, 'same', { bucket })).status).toBe(201)
    }
    expect((await list(bucket)).toSorted()).toEqual(['a.txt', 'b.txt'])
  })

  it('may lie in folders, by a field; the name of a part has none', async () => {
    const bucket = fresh()
    await putNamed(service, 'x.txt', 'deep', { bucket, fields: { file_name: 'a/../b//c.txt' } })
    expect(await list(bucket)).toEqual(['a/b/c.txt'])
    expect(await read(bucket, 'a/b/c.txt')).toBe('deep')
    const { headers } = await follow(
      service,
      (await namedLink(service, bucket, 'a/b/c.txt')).body.data?.location,
    )
    expect(headers.get('content-disposition')).toBe('attachment; filename=a_b_c.txt')
    expect((await remove(bucket, 'a/b/c.txt')).status).toBe(200)
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
    const headers = { 'idempotency-key': randomUUID() }
    const answers = [
      await putNamed(service, 'a.txt', 'once', { bucket, headers }),
      await putNamed(service, 'a.txt', 'once', { bucket, headers }),
    ]
    expect(answers.map(({ status, headers }) => [status, headers.get('idempotency-replayed')])).toEqual([
      [201, null],
      [201, 'true'],
    ])
    expect(await list(bucket)).toEqual(['a.txt'])
  })
})
