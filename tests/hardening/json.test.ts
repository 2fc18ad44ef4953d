import { randomUUID } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeAll, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('JSON', (service) => {
  let file: FileBody
  beforeAll(async () => {
    file = (await upload(service, 'the bytes of the file')).body
  })

  const update = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    send<FileBody>(service, `${filesPath}/${file.id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
    })
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const inMetadata = (json: string) => `{"metadata":{"a":${json}}}`

  it.each([
    ['nothing', '', 400],
    ['blanks', '  ', 400],
    ['text', 'hello', 400],
    ['half an object', '{"file_name":', 400],
    ['two objects', '{}{}', 400],
    ['a comma at the end', '{"file_name":"a",}', 400],
    ['single quotes', "{'file_name':'a'}", 400],
    ['a comment', '{/**/}', 400],
    ['NaN', '{"metadata":{"a":NaN}}', 400],
    ['a bare control', '{"file_name":"a\u0001"}', 400],
    ['null', 'null', 400],
    ['a number', '1', 400],
    ['a string', '"file_name"', 400],
    ['an array', '[]', 400],
    ['an object in an array', '[{"file_name":"a"}]', 400],
    ['an empty object', '{}', 403],
    ['a name that is a number', '{"file_name":1}', 400],
    ['a name that is null', '{"file_name":null}', 400],
    ['a name that is an array', '{"file_name":["a"]}', 400],
    ['a name that is an object', '{"file_name":{"toString":"a"}}', 400],
    ['metadata that are text', '{"metadata":"{}"}', 400],
    ['metadata that are an array', '{"metadata":[]}', 400],
    ['an expiry that is a number', '{"expires_at":1900000000}', 400],
    ['an expiry of a calendar that is not', '{"expires_at":"2030-02-30T00:00:00Z"}', 400],
    ['an expiry in the past', '{"expires_at":"2000-01-01T00:00:00Z"}', 400],
    ['an expiry beyond all times', '{"expires_at":"9999-12-31T23:59:59.999-23:00"}', 400],
    ['50,000 arrays', nested(50_000), 400],
    ['50,000 arrays in metadata', inMetadata(nested(50_000)), 400],
    ['50,000 open arrays', '['.repeat(50_000), 400],
    ['20,000 open objects', '{"a":'.repeat(20_000), 400],
    ['33 levels', inMetadata(nested(31)), 400],
    ['17 levels of metadata', inMetadata(nested(16)), 400],
    ['a number beyond all numbers', inMetadata('1e400'), 400],
    ['a number below all numbers', inMetadata('-1e400'), 400],
    ['U+0000 in metadata', inMetadata('"\\u0000"'), 400],
    ['U+0000 in a key of metadata', '{"metadata":{"\\u0000":1}}', 400],
    ['half a surrogate pair in metadata', inMetadata('"\\ud800"'), 400],
    ['200 KiB', `{"file_name":"${'a'.repeat(200 * 1024)}"}`, 413],
    ['200 KiB of blanks', `{${' '.repeat(200 * 1024)}}`, 413],
    ['65 KiB of metadata', inMetadata(`"${'a'.repeat(65 * 1024)}"`), 400],
  ])('with %s is refused', async (_case, body, status) => {
    expect(await update(body)).toBeProblem(status)
    expect((await send(service, `${filesPath}/${file.id}`)).body).toEqual(file)
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('packed with %s is measured unpacked', async (encoding, pack) => {
    const bomb = pack(Buffer.from(`{"file_name":"${'a'.repeat(20_000_000)}"}`))
    expect(await update(new Uint8Array(bomb), { 'Content-Encoding': encoding })).toBeProblem(413)
    const cut = bomb.subarray(0, bomb.length / 2)
    expect([400, 413]).toContain((await update(new Uint8Array(cut), { 'Content-Encoding': encoding })).status)
    expect(await update('no such bytes', { 'Content-Encoding': encoding })).toBeProblem(400)
  })

  it.each([
    ['an unknown encoding', { 'Content-Encoding': 'zip' }],
    ['several encodings', { 'Content-Encoding': 'gzip, gzip' }],
    ['another type', { 'Content-Type': 'text/plain' }],
    ['the type of a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a type that only ends like JSON', { 'Content-Type': 'application/x+json' }],
  ])('with %s is refused', async (_case, headers) => {
    expect(await update('{"file_name":"a"}', headers)).toBeProblem(415)
  })

  it.each([
    ['Latin-1', Buffer.from('{"file_name":"caf\xe9.txt"}', 'latin1')],
    ['half a character', Buffer.from('{"file_name":"😀"}').subarray(0, 17)],
    ['half of a pair', Buffer.from('{"file_name":"\xed\xa0\x80"}', 'latin1')],
  ])('in other bytes than those of UTF-8 is refused: %s', async (_case, bytes) => {
    expect(await update(new Uint8Array(bytes))).toBeProblem(400, 'json-invalid')
    expect((await send(service, `${filesPath}/${file.id}`)).body).toEqual(file)
  })

  it.each(['utf-8', 'UTF8', '"utf-8"; a=b', 'UTF-8 ; a=b'])('may say that it is %s', async (charset) => {
    const type = { 'Content-Type': `application/json; charset=${charset}` }
    expect((await update('{"file_name":"café.txt"}', type)).body.file_name).toBe('café.txt')
  })

  it('without a Content-Type is refused, with the one that works', async () => {
    const answer = await sendRaw(service, 'PATCH', '/buckets/default', {}, '{"links":"direct"}')
    expect(answer).toBeProblem(415, 'unsupported-media-type')
    expect(answer.body).toMatchObject({ detail: 'Content-Type must be application/json.' })
  })

  it('costs little, however well it was packed', async () => {
    const parts = new Uint8Array(gzipSync(`{"parts":[${'{"a":1},'.repeat(250_000)}1]}`))
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
    const path = `/s3/multipart/${randomUUID()}/complete`
    expect(await sendRaw(service, 'POST', path, headers, parts)).toBeProblem(400)
    const larger = new Uint8Array(gzipSync(`{"parts":[${'{"a":1},'.repeat(270_000)}1]}`))
    expect(await sendRaw(service, 'POST', path, headers, larger)).toBeProblem(413)
  })

  it('with a key that comes twice is refused, because only the last would count', async () => {
    const answer = await update('{"file_name":"first.txt","file_name":"last.txt"}')
    expect(answer).toBeProblem(400, 'json-invalid')
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('the key "file_name" twice') })
  })

  it('comes back as it went in, whatever numbers and texts it holds', async () => {
    const metadata = {
      a: [0, -0.5, 1e308, 2 ** 53 - 1, true, null, '', '日本 😀 \u2028'],
      b: { '': {}, 'a.b/c~d': [[]] },
    }
    expect((await update(JSON.stringify({ metadata }))).body.metadata).toEqual(metadata)
    expect((await send<FileBody>(service, `${filesPath}/${file.id}`)).body.metadata).toEqual(metadata)
    expect((await update('{"metadata":null}')).body.metadata).toEqual({})
  })

  it('comes back no longer than it went in, and its keys in their order', async () => {
    const text = JSON.stringify({ long: Array(8).fill(1e308), b: { c: -5e-324, a: 1 - 2 ** 53 }, a: 1 })
    const headers = { 'Idempotency-Key': 'metadata' }
    const store = () => upload(service, 'bytes of their own', { fields: { metadata: text }, headers })
    const { id } = (await store()).body
    for (const { bytes } of [
      await store(),
      await send(service, `${filesPath}/${id}`),
      await send(service, `${filesPath}?max_size=18&min_size=18`),
    ])
      expect(bytes.toString()).toContain(`"metadata":${text},`)
  })
})
