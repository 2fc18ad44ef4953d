import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { expect, it } from '@jest/globals'
import { download, putRaw, upload } from '../../support/api/files.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('putFile', (service) => {
  it('stores the body as it is, and answers as createFile does', async () => {
    const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, index) => (index * 7) % 256))
    const { status, headers, body } = await putRaw(service, bytes, '?file_name=raw.bin')
    expect(status).toBe(201)
    expect(headers.location).toBe(`${filesPath}/${body.id}`)
    expect(headers.etag).toMatch(/^"[^"]+"$/)
    expect(body).toMatchObject({
      file_hash: createHash('sha256').update(bytes).digest('hex'),
      file_name: 'raw.bin',
      file_size: 700_001,
      bucket: 'default',
      metadata: {},
      expires_at: null,
    })
    expect(Object.keys(body)).toEqual(Object.keys((await upload(service, freshText())).body))
    expect((await service.api.get(headers.location ?? '')).body).toEqual(body)
    expect((await download(service, body.id)).body.equals(bytes)).toBe(true)
  })

  it('stores a body that comes in chunks, of a length nobody knew', async () => {
    const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(10_007, index))
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${service.url}${filesPath}?file_name=chunked`, { method: 'PUT' }, (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode)),
      )
      Readable.from(pieces).pipe(sending.on('error', reject))
    })
    expect(status).toBe(201)
    const hash = createHash('sha256').update(Buffer.concat(pieces)).digest('hex')
    expect((await download(service, hash)).body.equals(Buffer.concat(pieces))).toBe(true)
  })

  it('takes bucket, metadata, expiry and duplicates from the query', async () => {
    const query = new URLSearchParams({
      file_name: 'Grüße & Co: 1=2.txt',
      bucket: 'letters',
      metadata: '{"to":"Zoë","n":[1,2]}',
      expires_in: '60',
      duplicates: 'allow',
    })
    const text = freshText()
    const first = await putRaw(service, text, `?${query}`)
    const second = await putRaw(service, text, `?${query}`)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(first.body).toMatchObject({
      file_name: 'Grüße & Co: 1=2.txt',
      bucket: 'letters',
      metadata: { to: 'Zoë', n: [1, 2] },
    })
    expect(Date.parse(first.body.expires_at ?? '') - Date.parse(first.body.created_at)).toBeGreaterThan(
      50_000,
    )
    expect(second.body.id).not.toBe(first.body.id)
  })

  it.each([
    [
      'file_name before anything else',
      '?file_name=query.txt',
      'attachment; filename="header.txt"',
      'query.txt',
    ],
    ['Content-Disposition', '', 'attachment; filename="header.txt"', 'header.txt'],
    ['its extended form', '', "attachment; filename=x; filename*=UTF-8''na%C3%AFve.txt", 'naïve.txt'],
    ['nothing', '', undefined, 'unnamed'],
    ['a Content-Disposition without a name', '', 'attachment', 'unnamed'],
  ])('takes the name from %s', async (_case, query, disposition, name) => {
    const headers = disposition === undefined ? {} : { 'Content-Disposition': disposition }
    const { status, body } = await putRaw(service, freshText(), query).set(headers)
    expect(status).toBe(201)
    expect(body.file_name).toBe(name)
  })

  it('stores a file of 0 bytes, also without a type', async () => {
    const { status, body } = await service.api.put(`${filesPath}?bucket=none`)
    expect(status).toBe(201)
    expect(body).toMatchObject({ file_size: 0, file_type: 'application/octet-stream' })
    expect((await download(service, body.id)).body).toHaveLength(0)
  })

  it('says what the bytes are, whatever the type of the request', async () => {
    const page = await putRaw(service, '<html><body>hi').set({ 'Content-Type': 'image/png' })
    expect(page.body.file_type).toBe('text/html')
    const headers = { 'Content-Type': 'text/markdown; charset=utf-8' }
    expect((await putRaw(service, freshText('# Title')).set(headers)).body.file_type).toBe('text/markdown')
  })

  it('refuses bytes that the bucket holds, and shows the file that has them', async () => {
    const text = freshText()
    const first = await upload(service, text)
    const second = await putRaw(service, text)
    expect(second).toBeProblem(403, 'file-exists')
    expect(second.body).toMatchObject({ file: first.body })
  })

  it('answers 412 to If-None-Match: * for bytes that the bucket holds', async () => {
    const text = freshText()
    const headers = { 'If-None-Match': '*' }
    expect((await putRaw(service, text).set(headers)).status).toBe(201)
    for (const query of ['', '?duplicates=allow'])
      expect(await putRaw(service, text, query).set(headers)).toBeProblem(412, 'precondition-failed')
  })

  it('takes If-Match: * as no condition', async () => {
    expect((await putRaw(service, freshText()).set({ 'If-Match': '*' })).status).toBe(201)
  })

  it.each([
    ['a bucket in capitals', '?bucket=Photos', {}, 400, 'bad-request'],
    ['a bucket without a name', '?bucket=', {}, 400, 'bad-request'],
    ['metadata that is no JSON', '?metadata=%7B', {}, 400, 'metadata-invalid'],
    ['metadata that is an array', '?metadata=[]', {}, 400, 'metadata-invalid'],
    ['an expiry of 0', '?expires_in=0', {}, 400, 'bad-request'],
    ['an expiry that is a word', '?expires_in=soon', {}, 400, 'bad-request'],
    ['duplicates=maybe', '?duplicates=maybe', {}, 400, 'bad-request'],
    ['an empty name', '?file_name=', {}, 400, 'bad-request'],
    ['two names', '?file_name=a&file_name=b', {}, 400, 'bad-request'],
    ['an unknown parameter', '?size=3', {}, 400, 'bad-request'],
    ['a name of more than 4,096 letters', `?file_name=${'n'.repeat(4097)}`, {}, 400, 'bad-request'],
    [
      'a name that cannot be decoded',
      '',
      { 'Content-Disposition': "x; filename*=UTF-8''%zz" },
      400,
      'bad-request',
    ],
    ['a part of a file', '', { 'Content-Range': 'bytes 0-3/10' }, 400, 'bad-request'],
    ['a file of which a tag is known', '', { 'If-Match': '"x"' }, 412, 'precondition-failed'],
    ['a packed body', '', { 'Content-Encoding': 'gzip' }, 415, 'encoding-unsupported'],
    ['a client that takes no JSON', '', { Accept: 'image/png' }, 406, 'not-acceptable'],
  ])('refuses %s', async (_case, query, headers, status, code) => {
    expect(await putRaw(service, freshText(), query).set(headers)).toBeProblem(status, code)
  })

  it('leaves nothing of what it refused', async () => {
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })
})
