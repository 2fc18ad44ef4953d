import { expect, it } from '@jest/globals'
import { download, upload } from '../../support/api/files.ts'
import { type FileBody, filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('getFile', (service) => {
  const get = (reference: string) => service.api.get(`${filesPath}/${reference}`)
  it.each(['id', 'file_hash', 'file_sha1', 'file_md5'] as const)(
    'finds a file by its %s',
    async (property) => {
      const { body } = await upload(service, freshText(), { fields: { metadata: '{"a":1}' } })
      const found = await get(body[property])
      expect(found.status).toBe(200)
      expect(found.headers['content-type']).toMatch(/^application\/json/)
      expect(found.body).toEqual(body)
    },
  )

  it('shows the newest of several files with the same bytes', async () => {
    const text = freshText()
    const files: FileBody[] = []
    for (const name of ['old.txt', 'new.txt', 'newest.txt'])
      files.push((await upload(service, text, { name, query: '?duplicates=allow' })).body)
    const [old, newer, newest] = files
    for (const hash of [old?.file_hash, old?.file_sha1, old?.file_md5])
      expect((await get(hash ?? '')).body).toEqual(newest)
    await service.api.delete(`${filesPath}/${newest?.id}`)
    expect((await get(old?.file_hash ?? '')).body).toEqual(newer)
  })

  it('looks a hash up in one bucket, and an id in all of them', async () => {
    const text = freshText()
    const here = (await upload(service, text)).body
    const there = (await upload(service, text, { fields: { bucket: 'there' } })).body
    for (const hash of [here.file_hash, here.file_sha1, here.file_md5]) {
      expect((await get(hash)).body).toEqual(here)
      expect((await get(`${hash}?bucket=default`)).body).toEqual(here)
      expect((await get(`${hash}?bucket=there`)).body).toEqual(there)
      expect(await get(`${hash}?bucket=nowhere`)).toBeProblem(404, 'file-not-found')
    }
    expect((await get(there.id)).body).toEqual(there)
  })

  it('does not find bytes of another bucket', async () => {
    const { body } = await upload(service, freshText(), { fields: { bucket: 'apart' } })
    expect(await get(body.file_hash)).toBeProblem(404, 'file-not-found')
    expect((await get(`${body.file_hash}?bucket=apart`)).body).toEqual(body)
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    const { body } = await upload(service, freshText())
    const [got, head] = [await get(body.id), await service.api.head(`${filesPath}/${body.id}`)]
    expect(head.status).toBe(200)
    expect(head.body).toEqual({})
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
      expect([name, head.headers[name]]).toEqual([name, got.headers[name]])
    expect(got.headers['content-length']).toBe(String(Buffer.byteLength(JSON.stringify(got.body))))
    await service.api.head(`${filesPath}/${'0'.repeat(64)}`).expect(404)
  })

  it('answers 304 to who has it already, until it changes', async () => {
    const { body, headers } = await upload(service, freshText())
    const etag = headers.etag ?? ''
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get(body.id).set({ 'If-None-Match': known })
      expect([known, answer.status]).toEqual([known, 304])
      expect(answer.headers.etag).toBe(etag)
      expect(answer.body).toHaveLength(0)
    }
    await service.api.put(`${filesPath}/${body.id}`).type('json').send('{"metadata":{"changed":true}}')
    expect(await get(body.id).set({ 'If-None-Match': etag })).toMatchObject({ status: 200 })
  })

  it('honours If-Match', async () => {
    const { body, headers } = await upload(service, freshText())
    const etag = headers.etag ?? ''
    expect(await get(body.id).set({ 'If-Match': etag })).toMatchObject({ status: 200 })
    expect(await get(body.id).set({ 'If-Match': '"other"' })).toBeProblem(412, 'precondition-failed')
  })

  const unknown = [
    '00000000-0000-4000-8000-000000000000',
    '0'.repeat(64),
    '0'.repeat(40),
    '0'.repeat(32),
    'f'.repeat(63),
    'F'.repeat(64),
    '0'.repeat(128),
    'hello.txt',
    'null',
    '-1',
    '..%2F..%2Fetc%2Fpasswd',
    '%00',
    "'%20or%201=1",
    '%F0%9F%92%BE',
    '*',
  ]
  it.each(unknown)('answers 404 for %s', async (reference) => {
    for (const method of ['get', 'head', 'delete'] as const)
      expect([method, (await service.api[method](`${filesPath}/${reference}`)).status]).toEqual([method, 404])
    expect(await get(reference)).toBeProblem(404, 'file-not-found')
    expect(await download(service, reference)).toBeProblem(404, 'file-not-found')
  })

  it('answers 404 for the hash of a file in capitals', async () => {
    const { body } = await upload(service, freshText())
    expect(await get(body.file_hash.toUpperCase())).toBeProblem(404)
    expect(await get(body.id.toUpperCase())).toBeProblem(404)
  })

  it.each([
    ['a bucket in capitals', '?bucket=Photos', '*/*', 400],
    ['a bucket given twice', '?bucket=a&bucket=b', '*/*', 400],
    ['an unknown parameter', '?verbose=1', '*/*', 400],
    ['a client that takes no JSON', '', 'text/html', 406],
  ])('refuses %s', async (_case, query, accept, status) => {
    const { body } = await upload(service, freshText())
    expect(await get(`${body.id}${query}`).set('Accept', accept)).toBeProblem(status)
  })

  it.each(['patch', 'post'] as const)('refuses %s', async (method) => {
    const { body } = await upload(service, freshText())
    const answer = await service.api[method](`${filesPath}/${body.id}`)
    expect(answer).toBeProblem(405)
    expect(answer.headers.allow?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT'])
  })
})
