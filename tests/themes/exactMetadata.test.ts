import { expect, it } from '@jest/globals'
import { type Answer, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { putNamed } from '../support/named.ts'

describeService('metadata', (service) => {
  const post = (path: string, text: string, method = 'POST') =>
    send(service, path, { method, body: text, headers: { 'content-type': 'application/json' } })

  /** Every way in which metadata comes as JSON. */
  const waysIn: Readonly<Record<string, (metadata: string) => Promise<Answer>>> = {
    'a field of createFile': (metadata) => upload(service, freshText(), { fields: { metadata } }),
    'the query of putFile': (metadata) =>
      putRaw(service, freshText(), { query: `?${new URLSearchParams({ metadata })}` }),
    'a field of putNamedFile': (metadata) =>
      putNamed(service, 'a.txt', freshText(), { bucket: 'exact', fields: { metadata } }),
    'the body of updateFile': async (metadata) => {
      const { body } = await putRaw(service, freshText())
      return await post(`${filesPath}/${body.id}`, `{"metadata":${metadata}}`, 'PUT')
    },
    'the body of createPresignedUrl': (metadata) =>
      post('/presigned-url', `{"filename":"a","type":"text/plain","file_size":1,"metadata":${metadata}}`),
    'the body of createMultipartUpload': (metadata) =>
      post('/s3/multipart', `{"filename":"a","type":"text/plain","metadata":${metadata}}`),
  }
  const statusesOf = async (metadata: string) => {
    const answers = await Promise.all(Object.values(waysIn).map((give) => give(metadata)))
    return new Set(answers.map(({ status }) => (status === 201 ? 200 : status)))
  }

  it.each([
    ['a key twice', '{"a":1,"b":2,"a":3}', 'the key "a" twice'],
    ['a key twice in an object of a list', '{"list":[{"k":1},{"k":1,"k":2}]}', 'the key "k" twice'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":2}', 'the key "a" twice'],
    ['a whole number above 2^53', '{"id":12345678901234567890}', 'in "id"'],
    ['a whole number above 2^53 by one', '{"a":{"id":[9007199254740993]}}', 'in "id"'],
    ['a whole number below -2^53', '{"id":-9007199254740992}', 'in "id"'],
  ])('with %s is refused in every way in, with the key', async (_what, metadata, why) => {
    for (const [way, give] of Object.entries(waysIn)) {
      const answer = await give(metadata)
      expect([way, answer.status]).toEqual([way, 400])
      expect(answer).toBeProblem(400, 'metadata-invalid')
      expect(answer.body).toMatchObject({ detail: expect.stringContaining(why) })
    }
  })

  it.each([
    ['the largest whole numbers', '{"a":9007199254740991,"b":-9007199254740991}'],
    ['fractions and exponents', '{"a":0.1,"b":1.5e300,"c":12345678901234567890.5,"d":9007199254740993.0}'],
    ['one key in several objects', '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}'],
    ['a text that looks like members', '{"a":"{\\"b\\":1,\\"b\\":12345678901234567890}"}'],
    ['a key that is also a text', '{"a":"a","b":["a","a"]}'],
  ])('with %s is taken in every way in', async (_what, metadata) => {
    expect(await statusesOf(metadata)).toEqual(new Set([200]))
    const { body } = await upload(service, freshText(), { fields: { metadata } })
    expect(body.metadata).toEqual(JSON.parse(metadata))
  })

  it('may begin with a byte order mark, in a form, a query and a body', async () => {
    const metadata = '\ufeff{"a":1}'
    for (const give of [waysIn['a field of createFile'], waysIn['the query of putFile']])
      expect(await give?.(metadata)).toMatchObject({ status: 201, body: { metadata: { a: 1 } } })
    const { body } = await putRaw(service, freshText())
    const changed = await post(`${filesPath}/${body.id}`, '\ufeff{"metadata":{"a":1}}', 'PUT')
    expect(changed).toMatchObject({ status: 201, body: { metadata: { a: 1 } } })
  })

  it('with a name twice is refused in the query of getUploadParameters', async () => {
    const query = '?filename=a.txt&type=text/plain&metadata[a]=1&metadata[b]=2&metadata[a]=3'
    const answer = await send(service, `/s3/params${query}`)
    expect(answer).toBeProblem(400, 'metadata-invalid')
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('the key "a" twice') })
  })

  it('is not the only place where a key may come once', async () => {
    const { body } = await putRaw(service, freshText())
    for (const [key, json] of [
      ['file_name', '{"file_name":"a","file_name":"b"}'],
      ['metadata', '{"metadata":{},"metadata":{}}'],
    ]) {
      const twice = await post(`${filesPath}/${body.id}`, json ?? '', 'PUT')
      expect(twice).toBeProblem(400, 'json-invalid')
      expect(twice.body).toMatchObject({ detail: `The JSON has the key "${key}" twice.` })
    }
  })
})

describeService('metadata that no validator has judged', { VALIDATE_RESPONSES: 'false' }, (service) => {
  it('is shown in every answer as JSON.stringify writes it', async () => {
    const metadata = '{ "b": "\\u2028 \\" \\u00e4", "1": [1.0, -0, {}] }'
    const asWritten = `"metadata":${JSON.stringify(JSON.parse(metadata))},"created_at"`
    const text = async (path: string, options?: RequestInit) =>
      (await fetch(`${service.url}${filesPath}${path}`, options)).text()
    const query = `?${new URLSearchParams({ metadata })}`
    const put = { method: 'PUT', body: freshText(), headers: { 'idempotency-key': 'exact' } }
    const stored = await text(query, put)
    expect(stored).toContain(asWritten)
    expect(await text(query, put)).toBe(stored)
    expect(await text(`/${JSON.parse(stored).id}`)).toBe(stored)
    expect(await text('')).toBe(`[${stored}]`)
  })
})
