import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { field, formBody, formType, type RawPart } from '../support/rawForm.ts'

type Fields = Readonly<Record<string, string>>

describeService('a form as clients send it', (service) => {
  let count = 0
  const part = (
    disposition: string,
    bytes = `the bytes of file ${++count}`,
    ...headers: string[]
  ): RawPart => ({
    headers: [`Content-Disposition: form-data; ${disposition}`, ...headers],
    bytes,
  })
  const fieldParts = (fields: Fields) => Object.entries(fields).map(([name, text]) => field(name, text))
  const post = (path: string, parts: readonly RawPart[]) =>
    send<FileBody>(service, path, {
      method: 'POST',
      headers: { 'Content-Type': formType.replace('Content-Type: ', '') },
      body: new Uint8Array(formBody(parts)),
    })

  const dropzone = {
    dzuuid: '7b8e0a3c-2f0c-4c0f-9a51-5f5b7c0d7d11',
    dzchunkindex: '0',
    dztotalfilesize: '20',
  }
  const clients: readonly (readonly [client: string, fields: Fields])[] = [
    [
      'Uppy XHR Upload',
      { relativePath: 'null', name: 'a.txt', type: 'text/plain', caption: '[object Object]' },
    ],
    ['Dropzone', {}],
    [
      'Dropzone with chunking, for a small file',
      { ...dropzone, dzchunksize: '2000000', dztotalchunkcount: '1', dzchunkbyteoffset: '0' },
    ],
    ['Plupload', { name: 'o_1j2k3l.txt' }],
    ['Plupload with chunks, for a small file', { name: 'o_1j2k3l.txt', chunk: '0', chunks: '1' }],
    ['a page with a named button', { MAX_FILE_SIZE: '1000', _charset_: 'UTF-8', submit: 'Upload' }],
    ['a page with a token', { csrfmiddlewaretoken: 'x'.repeat(64), authenticity_token: 'y' }],
  ]
  const faces = [
    ['upfile', filesPath],
    ['file', '/file/forms'],
    ['file', '/file'],
  ] as const

  it.each(
    clients.flatMap(([client, fields]) => faces.map(([name, path]) => [client, path, name, fields] as const)),
  )('is taken from %s: POST %s', async (_client, path, name, fields) => {
    const own = part(`name="${name}"; filename="a.txt"`, undefined, 'Content-Type: text/plain')
    for (const parts of [
      [...fieldParts(fields), own],
      [{ ...own, bytes: `${own.bytes}!` }, ...fieldParts(fields)],
    ])
      expect(await post(path, parts)).toMatchObject({ status: 201 })
  })

  const misspelt = {
    file_name: ['File_Name', 'fileName', 'filename', 'file-name', 'file_nmae'],
    file_type: ['fileType', 'file-type'],
    bucket: ['Bucket', 'buckets', 'bucekt'],
    metadata: ['Metadata', 'meta-data', 'meta_data', 'metadata[album]', 'metdata'],
    expires_in: ['expiresIn', 'expires-in', 'expires_at', 'expires'],
  }
  const misspellings = Object.entries(misspelt).flatMap(([meant, names]) =>
    names.map((name) => [name, meant] as const),
  )
  it.each(
    faces.flatMap(([filePart, path]) =>
      misspellings.map(([name, meant]) => [name, meant, path, filePart] as const),
    ),
  )('is refused with a field %s, which means %s: POST %s', async (name, meant, path, filePart) => {
    const answer = await post(path, [field(name, '60'), part(`name="${filePart}"; filename="a.txt"`)])
    expect(answer).toBeProblem(400, 'form-invalid')
    const detail = `The form has no field "${name}": did you mean "${meant}"?`
    expect(answer.body).toMatchObject({ detail, errors: [{ pointer: `/${name}` }] })
    expect(await service.violations()).toEqual([])
  })

  it('may repeat the bucket of its address, and name no other', async () => {
    const postWith = (bucket: string) =>
      post('/file/forms', [part('name="file"; filename="a.txt"'), field('bucket', bucket)])
    expect((await postWith('forms')).status).toBe(201)
    const refused = await postWith('other')
    expect(refused).toBeProblem(400, 'form-invalid')
    expect(refused.body).toMatchObject({ detail: expect.stringMatching(/"forms".*\/file\./) })
    expect((await send(service, '/buckets/other')).status).toBe(404)
  })

  it('may have a second file input in which nothing was chosen', async () => {
    const empty = part('name="second"; filename=""', '', 'Content-Type: application/octet-stream')
    expect((await post(filesPath, [empty, part('name="upfile"; filename="a.txt"')])).status).toBe(201)
  })

  it.each([
    ['a Blob', 'name="metadata"; filename="blob"', 'application/json'],
    ['a file of JSON', 'name="metadata"; filename="metadata.json"', 'application/json; charset=utf-8'],
    ['JSON without a filename', 'name="metadata"', 'application/json'],
  ])('may have metadata as %s', async (_how, disposition, type) => {
    for (const [name, path] of faces) {
      const parts = [
        part(disposition, '{"album":"März"}', `Content-Type: ${type}`),
        part(`name="${name}"; filename="blob-metadata.txt"`),
      ]
      expect(await post(path, parts)).toMatchObject({ status: 201 })
    }
    for (const bucket of ['default', 'forms']) {
      const [newest] = (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}&limit=1`)).body
      expect([bucket, newest?.metadata]).toEqual([bucket, { album: 'März' }])
    }
  })

  it('may have every field as a Blob', async () => {
    const fields = { bucket: 'blobs', file_name: 'b.txt', file_type: 'text/markdown', expires_in: '60' }
    const parts = Object.entries(fields).map(([name, text]) =>
      part(`name="${name}"; filename="blob"`, text, 'Content-Type: text/plain'),
    )
    const { status, body } = await post(filesPath, [...parts, part('name="upfile"; filename="a.txt"')])
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        bucket: 'blobs',
        file_name: 'b.txt',
        file_type: 'text/markdown',
        expires_at: expect.any(String),
      },
    })
  })

  it.each(faces)('leaves its empty fields out: part %s, POST %s', async (name, path) => {
    const names = ['file_name', 'file_type', 'bucket', 'metadata', 'expires_in']
    const parts = names.map((each) => field(each, ''))
    const { status, body } = await post(path, [...parts, part(`name="${name}"; filename="a.txt"`)])
    expect(status).toBe(201)
    if (path === filesPath)
      expect(body).toMatchObject({ file_name: 'a.txt', bucket: 'default', metadata: {}, expires_at: null })
  })

  it.each([
    ['Latin-1', Buffer.from('Z\xfcrich.txt', 'latin1'), 'Zürich.txt'],
    ['Windows-1252', Buffer.from([0x35, 0x20, 0x80]), '5 €'],
    ['UTF-8', Buffer.from('Zürich.txt'), 'Zürich.txt'],
  ])('may have its texts in %s', async (_charset, bytes, name) => {
    const parts = [
      { headers: ['Content-Disposition: form-data; name="file_name"'], bytes },
      part('name="upfile"; filename="a.txt"'),
    ]
    expect((await post(filesPath, parts)).body.file_name).toBe(name)
  })

  it.each([
    [
      'the file under another name',
      [part('name="file"; filename="a.txt"')],
      'form-invalid',
      /"upfile".*"file"/,
    ],
    ['no file', [field('file_name', 'a.txt')], 'file-missing', /"upfile"/],
    [
      'the two parts of FilePond',
      [field('upfile', '{}'), part('name="upfile"; filename="a.txt"')],
      'file-missing',
      /"upfile".*FilePond.*ondata/,
    ],
    [
      'the two parts of FilePond under its own name',
      [field('filepond', '{}'), part('name="filepond"; filename="a.txt"')],
      'form-invalid',
      /"upfile".*"filepond"/,
    ],
    [
      'a piece of a file',
      [field('totalChunks', '3'), part('name="upfile"; filename="blob"')],
      'form-invalid',
      /one piece/,
    ],
    [
      'another file as a text',
      [part('name="file_name"; filename="b.txt"'), part('name="upfile"; filename="a.txt"')],
      'form-invalid',
      /"file_name" must be text/,
    ],
  ])('is refused with the part that would work for %s', async (_what, parts, code, detail) => {
    const answer = await post(filesPath, parts)
    expect(answer).toBeProblem(400, code)
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(detail) })
  })

  it('is refused with the part of the other face there', async () => {
    const answer = await post('/file/forms', [part('name="upfile"; filename="a.txt"')])
    expect(answer).toBeProblem(400, 'form-invalid')
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(/part "file", not in "upfile"/) })
  })
})
