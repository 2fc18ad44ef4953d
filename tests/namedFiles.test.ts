import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from './support/client.ts'
import { describeService } from './support/describeService.ts'
import { follow, makeBucket, namedLink, putNamed, sendJson } from './support/named.ts'

describeService('named files', (service) => {
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

  describe('a file put under a name', () => {
    it('is answered with a link that anyone can read it by', async () => {
      const { status, body } = await putNamed(service, 'a.txt', 'hello', { bucket: fresh() })
      expect([status, body.message]).toEqual([201, 'Uploaded file successfully.'])
      const answer = await follow(service, body.data?.location)
      expect([answer.status, answer.bytes.toString()]).toEqual([200, 'hello'])
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename=a.txt')
    })

    it('goes into the bucket of the field, else into default', async () => {
      const [bucket, name] = [fresh(), `${randomUUID()}.txt`]
      await putNamed(service, name, 'one', { fields: { bucket } })
      await putNamed(service, name, 'two')
      expect([await read(bucket, name), await read('default', name)]).toEqual(['one', 'two'])
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

    it('leaves files alone that came in other ways, and is found before them', async () => {
      const bucket = fresh()
      await upload(service, 'older', { name: 'a.txt', fields: { bucket } })
      expect(await read(bucket, 'a.txt')).toBe('older')
      await putNamed(service, 'a.txt', 'named', { bucket })
      await upload(service, 'newer', { name: 'a.txt', fields: { bucket } })
      expect(await read(bucket, 'a.txt')).toBe('named')
      expect((await remove(bucket, 'a.txt')).status).toBe(200)
      expect(await read(bucket, 'a.txt')).toBe('newer')
      // A deletion that is repeated takes none of them.
      expect(await remove(bucket, 'a.txt')).toBeProblem(409, 'name-shared')
      expect(await list(bucket)).toEqual(['a.txt', 'a.txt'])
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

    it('cannot be renamed to a name that another has to itself', async () => {
      const bucket = fresh()
      await putNamed(service, 'a.txt', 'one', { bucket })
      await putNamed(service, 'b.txt', 'two', { bucket })
      const files = (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}&name=a.txt`)).body
      const rename = { file_name: 'b.txt' }
      const answer = await sendJson(service, 'PUT', `${filesPath}/${files[0]?.id}`, rename)
      expect(answer).toBeProblem(409, 'name-taken')
    })
  })

  describe('a name', () => {
    it.each([
      ['that no file has', 'default', 'nothing.txt', 404],
      ['in a bucket that is not there', 'nowhere', 'a.txt', 404],
      ['with U+0000', 'default', 'a\0.txt', 404],
      ['in a bucket whose name is none', 'NO', 'a.txt', 400],
    ])('%s leads nowhere', async (_case, bucket, name, status) => {
      expect(await namedLink(service, bucket, name)).toBeProblem(status)
      expect(await remove(bucket, name)).toBeProblem(status)
    })

    it('means nothing any more once its file was deleted', async () => {
      const bucket = fresh()
      const { body } = await putNamed(service, 'a.txt', 'gone', { bucket })
      expect(await remove(bucket, 'a.txt')).toMatchObject({
        status: 200,
        body: { message: 'Deleted file successfully.' },
      })
      expect(await remove(bucket, 'a.txt')).toBeProblem(404, 'file-not-found')
      if (body.data?.location.startsWith('/'))
        expect((await follow(service, body.data.location)).status).toBe(404)
    })

    it('means nothing any more once its file has expired, and may be put again', async () => {
      const bucket = fresh()
      await putNamed(service, 'a.txt', 'short', { bucket, fields: { expires_in: '1' } })
      await new Promise((resolve) => setTimeout(resolve, 1100))
      expect(await read(bucket, 'a.txt')).toBeUndefined()
      expect((await putNamed(service, 'a.txt', 'again', { bucket })).status).toBe(201)
      expect(await read(bucket, 'a.txt')).toBe('again')
    })
  })

  describe('a form', () => {
    const post = (fill: (form: FormData) => void, path = '/file') => {
      const form = new FormData()
      fill(form)
      return send(service, path, { method: 'POST', body: form })
    }

    it('without its file is refused in the words clients know', async () => {
      const answer = await post((form) => form.append('bucket', 'default'))
      expect(answer).toBeProblem(400, 'file-missing')
      expect(answer.body).toMatchObject({ detail: expect.stringContaining('File is not provided') })
    })

    it.each([
      ['a bucket that cannot be', 400, (form: FormData) => form.append('bucket', 'NO')],
      ['a part nobody knows', 400, (form: FormData) => form.append('owner', 'me')],
      ['metadata that is no object', 400, (form: FormData) => form.append('metadata', '[]')],
      ['an expiry that is no number', 400, (form: FormData) => form.append('expires_in', 'soon')],
    ])('with %s is refused, and nothing stays', async (_case, status, fill) => {
      const answer = await post((form) => {
        form.append('file', new File(['x'], `${randomUUID()}.txt`))
        fill(form)
      })
      expect(answer).toBeProblem(status)
      expect(await service.violations()).toEqual([])
    })
  })

  describe('a public bucket', () => {
    it('shows its files to anyone, and lets caches keep them', async () => {
      const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
      const { body } = await putNamed(service, 'a b.txt', 'for all', { bucket })
      expect(body.data?.location).toBe(`/public/${bucket}/a%20b.txt`)
      const answer = await follow(service, body.data?.location)
      expect([answer.status, answer.bytes.toString()]).toEqual([200, 'for all'])
      expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
      const etag = answer.headers.get('etag') ?? ''
      const again = await follow(service, body.data?.location, { headers: { 'if-none-match': etag } })
      expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'public, max-age=300'])
      const part = await follow(service, body.data?.location, { headers: { range: 'bytes=0-2' } })
      expect([part.status, part.bytes.toString()]).toEqual([206, 'for'])
    })

    it('shows inline what can do no harm, when asked to', async () => {
      const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
      const shown: Record<string, string> = { 'a.txt': 'inline', 'a.html': 'attachment' }
      for (const [name, disposition] of Object.entries(shown)) {
        await putNamed(service, name, name.endsWith('html') ? '<!doctype html><p>x' : 'x', { bucket })
        const link = (await namedLink(service, bucket, name, '?disposition=inline')).body.data?.location
        const { headers } = await follow(service, link)
        expect(headers.get('content-disposition')).toBe(`${disposition}; filename=${name}`)
      }
    })

    it('lets no cache keep a file longer than it lives', async () => {
      const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public', expires_in: 60 }))
        .body
      const { body } = await putNamed(service, 'a.txt', 'short', { bucket })
      const control = (await follow(service, body.data?.location)).headers.get('cache-control')
      expect(Number(control?.match(/max-age=(\d+)$/)?.[1])).toBeLessThanOrEqual(60)
    })

    it('tells nothing any more once it is private', async () => {
      const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
      await putNamed(service, 'a.txt', 'for all', { bucket })
      await sendJson(service, 'PATCH', `/buckets/${bucket}`, { visibility: 'private' })
      const [there, not] = [
        await follow(service, `/public/${bucket}/a.txt`),
        await follow(service, `/public/${bucket}/b.txt`),
      ]
      expect(there).toBeProblem(404, 'file-not-found')
      expect({ ...(there.body as object), request_id: '' }).toEqual({
        ...(not.body as object),
        request_id: '',
      })
    })
  })
})
