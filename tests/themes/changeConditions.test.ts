import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { follow, makeBucket, namedLink, putNamed, sendJson } from '../support/named.ts'
import { armFailpoints } from '../support/service.ts'

describeService('a change under a condition', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const put = (bucket: string, text: string, headers: Record<string, string> = {}) =>
    putNamed(service, 'a.txt', text, { bucket, headers })
  const remove = (bucket: string, headers: Record<string, string>) =>
    send(service, `/file/${bucket}/a.txt`, { method: 'DELETE', headers })
  const read = async (bucket: string) =>
    (await follow(service, (await namedLink(service, bucket, 'a.txt')).body.data?.location)).bytes.toString()
  const etagOf = ({ headers }: { headers: Headers }) => headers.get('etag') ?? ''

  describe('of the file that has a name to itself', () => {
    it('makes a file only where none is, with If-None-Match: *', async () => {
      const bucket = fresh()
      expect((await put(bucket, 'one', { 'If-None-Match': '*' })).status).toBe(201)
      expect(await put(bucket, 'two', { 'If-None-Match': '*' })).toBeProblem(412, 'precondition-failed')
      expect(await read(bucket)).toBe('one')
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('makes one file of many that come at once, with If-None-Match: *', async () => {
      const bucket = fresh()
      const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`)
      const answers = await Promise.all(texts.map((text) => put(bucket, text, { 'If-None-Match': '*' })))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(412)])
      expect(await read(bucket)).toBe(`text ${answers.findIndex(({ status }) => status === 201)}`)
    })

    it('replaces the file that the client knows, and no other, with If-Match', async () => {
      const bucket = fresh()
      expect(await put(bucket, 'none', { 'If-Match': '*' })).toBeProblem(412, 'precondition-failed')
      const one = await put(bucket, 'one')
      const two = await put(bucket, 'two', { 'If-Match': etagOf(one) })
      expect(two.status).toBe(201)
      expect(await put(bucket, 'three', { 'If-Match': etagOf(one) })).toBeProblem(412, 'precondition-failed')
      expect(await put(bucket, 'three', { 'If-Match': '"x"' })).toBeProblem(412, 'precondition-failed')
      expect(await read(bucket)).toBe('two')
      expect((await put(bucket, 'three', { 'If-Match': '*' })).status).toBe(201)
      expect(await read(bucket)).toBe('three')
    })

    it('knows the file by the ETag of its metadata, which the look-up by name has, not by that of its bytes', async () => {
      const bucket = fresh()
      await makeBucket(service, bucket, { visibility: 'public' })
      await put(bucket, 'one')
      const ofBytes = etagOf(await send(service, `/public/${bucket}/a.txt`))
      expect(await put(bucket, 'two', { 'If-Match': ofBytes })).toBeProblem(412, 'precondition-failed')
      const ofMetadata = etagOf(await namedLink(service, bucket, 'a.txt'))
      expect((await put(bucket, 'two', { 'If-Match': ofMetadata })).status).toBe(201)
    })

    it('sees a change of its metadata', async () => {
      const bucket = fresh()
      const before = etagOf(await put(bucket, 'one'))
      const [file] = (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body
      const changed = await sendJson(service, 'PUT', `${filesPath}/${file?.id}`, { metadata: { seen: true } })
      for (const refused of [
        await put(bucket, 'two', { 'If-Match': before }),
        await remove(bucket, { 'If-Match': before }),
      ])
        expect(refused).toBeProblem(412, 'precondition-failed')
      expect((await put(bucket, 'two', { 'If-Match': etagOf(changed) })).status).toBe(201)
    })

    it('deletes the file that the client knows, and no other', async () => {
      const bucket = fresh()
      const one = await put(bucket, 'one')
      const two = await put(bucket, 'two')
      expect(await remove(bucket, { 'If-Match': etagOf(one) })).toBeProblem(412, 'precondition-failed')
      expect(await remove(bucket, { 'If-None-Match': '*' })).toBeProblem(412, 'precondition-failed')
      expect((await remove(bucket, { 'If-Match': etagOf(two) })).status).toBe(200)
      expect(await remove(bucket, { 'If-Match': etagOf(two) })).toBeProblem(404, 'file-not-found')
    })

    it('answers all that put and delete it at once, and leaves one file or none', async () => {
      const bucket = fresh()
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => [put(bucket, `text ${index}`), remove(bucket, {})]).flat(),
      )
      const statuses = answers.map(({ status }) => status)
      expect([200, 201, 404]).toEqual(expect.arrayContaining(statuses))
      const { body } = await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)
      expect(body.length).toBeLessThan(2)
      const count = (status: number) => statuses.filter((each) => each === status).length
      expect(count(200)).toBeLessThanOrEqual(count(201) - body.length)
    })

    it('deletes it also while others keep replacing it slowly', async () => {
      const bucket = fresh()
      await put(bucket, 'first')
      await armFailpoints('D1=pause:25,U12=pause:20')
      const changes = Array.from({ length: 10 }, (_, index) => [put(bucket, `${index}`), remove(bucket, {})])
      const statuses = (await Promise.all(changes.flat())).map(({ status }) => status)
      await armFailpoints('')
      expect([200, 201, 404]).toEqual(expect.arrayContaining(statuses))
      expect(statuses).toContain(200)
    })

    it('is judged once for one Idempotency-Key', async () => {
      const bucket = fresh()
      const headers = { 'If-None-Match': '*', 'Idempotency-Key': randomUUID() }
      const first = await put(bucket, 'one', headers)
      const again = await put(bucket, 'one', headers)
      expect([first.status, again.status, etagOf(again)]).toEqual([201, 201, etagOf(first)])
    })
  })

  it.each<[string, string, unknown, Record<string, string>]>([
    ['the rules of a bucket', 'PATCH', { visibility: 'public' }, { 'If-Match': '"x"' }],
    ['the rules of a new bucket', 'PATCH', { visibility: 'public' }, { 'If-None-Match': '*' }],
    ['a bucket', 'DELETE', undefined, { 'If-Match': '"x"' }],
    ['a new bucket', 'DELETE', undefined, { 'If-None-Match': '*' }],
  ])('of %s is refused when it cannot hold', async (_what, method, value, headers) => {
    const bucket = fresh()
    await makeBucket(service, bucket)
    const init = value === undefined ? {} : { body: JSON.stringify(value) }
    const answer = await send(service, `/buckets/${bucket}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...init,
    })
    expect(answer).toBeProblem(412, 'precondition-failed')
    expect((await send(service, `/buckets/${bucket}`)).body).toMatchObject({ visibility: 'private' })
  })

  it.each([
    ['PATCH', '/buckets/nowhere'],
    ['DELETE', '/buckets/nowhere'],
    ['DELETE', `/s3/multipart/${randomUUID()}`],
    ['DELETE', '/file/nowhere/a.txt'],
    ['DELETE', `${filesPath}/${randomUUID()}`],
  ])('is not judged by a %s of %s, which finds nothing', async (method, path) => {
    for (const condition of [{ 'If-Match': '"x"' }, { 'If-None-Match': '*' }]) {
      const headers = { 'content-type': 'application/json', ...condition }
      const init = method === 'PATCH' ? { body: '{"visibility":"public"}' } : {}
      expect(await send(service, path, { method, headers, ...init })).toBeProblem(404)
    }
  })

  it('of an upload in parts is refused when it cannot hold', async () => {
    const announcement = { filename: 'a.txt', type: 'text/plain' }
    const { body } = await sendJson<{ key: string }>(service, 'POST', '/s3/multipart', announcement)
    const path = `/s3/multipart/${body.key}`
    for (const headers of [{ 'If-Match': '"x"' }, { 'If-None-Match': '*' }])
      expect(await send(service, path, { method: 'DELETE', headers })).toBeProblem(412, 'precondition-failed')
    expect((await send(service, path, { method: 'DELETE', headers: { 'If-Match': '*' } })).status).toBe(200)
  })

  it('of a bucket takes If-Match: * as no condition', async () => {
    const bucket = fresh()
    await makeBucket(service, bucket)
    const headers = { 'If-Match': '*' }
    expect((await send(service, `/buckets/${bucket}`, { method: 'DELETE', headers })).status).toBe(204)
  })
})
