import { createHash } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('nobody sets what is not theirs to set', (service) => {
  let file: FileBody
  beforeAll(async () => {
    file = (await upload(service, 'the bytes of the file', { name: 'a.txt' })).body
  })

  /** Fields that no client may set, and fields that do not exist. */
  const names = [
    'id',
    'file_hash',
    'file_size',
    'file_sha1',
    'file_md5',
    'bucket',
    'status',
    'created_at',
    'updated_at',
    'stored_at',
    'deleted_at',
    'content_url',
    'size',
    'sha256',
    'hash',
    'version',
    'storage_key',
    'storageKey',
    'blob_id',
    'blobId',
    'owner_id',
    'ownerId',
    'tenantId',
    'createdAt',
    'name',
    'mediaType',
    'media_type',
    'constructor',
    'toString',
    'prototype',
    '__proto__',
  ]

  /** Names that look like fields which clients may set. */
  const misspelt = ['File_Name', 'file_name ']

  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  const update = (body: string) =>
    send(service, `${filesPath}/${file.id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body,
    })

  async function expectUnchanged() {
    expect((await send(service, `${filesPath}/${file.id}`)).body).toEqual(file)
    expect((await send<FileBody[]>(service, filesPath)).body).toEqual([file])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  }

  // As text: in a literal, __proto__ would be no property.
  it.each([...names, ...misspelt])('not %s of a file', async (name) => {
    const key = JSON.stringify(name)
    for (const value of ['"x"', '1', 'null', '{"polluted":true}']) {
      expect(await update(`{${key}:${value}}`)).toBeProblem(403, 'invalid-properties')
      expect(await update(`{"file_name":"b.txt",${key}:${value}}`)).toBeProblem(403, 'invalid-properties')
    }
    await expectUnchanged()
  })

  const uploadWith = (name: string) =>
    upload(service, `a form with ${name}`, { fields: { [name]: '{"polluted":true}' } })

  /** A form may have fields that the service does not know: they say nothing about the file. */
  async function expectIgnored(name: string) {
    const { status, body } = await uploadWith(name)
    expect(status).toBe(201)
    const file_hash = sha256(`a form with ${name}`)
    expect(body).toMatchObject({ file_name: 'file.txt', file_type: 'text/plain', file_hash })
    expect(body).toMatchObject({ bucket: 'default', status: 'stored', metadata: {}, deleted_at: null })
    expect(JSON.stringify(body)).not.toContain('polluted')
    expect((await send(service, `${filesPath}/${body.id}`, { method: 'DELETE' })).status).toBe(201)
    await expectUnchanged()
  }

  async function expectRefused(name: string) {
    expect(await uploadWith(name)).toBeProblem(400, 'form-invalid')
    await expectUnchanged()
  }

  async function expectRefusedInQuery(name: string) {
    const query = new URLSearchParams([[name, '{"polluted":true}']])
    expect(await upload(service, `a form with ${name}`, { query: `?${query}` })).toBeProblem(400)
    const put = send(service, `${filesPath}?${query}`, { method: 'PUT', body: `bytes with ${name}` })
    expect(await put).toBeProblem(400)
    await expectUnchanged()
  }

  /** Names that some read as a path into an object. */
  const paths = ['a[b]', 'a[]', '__proto__[polluted]', 'upfile[]']
  const misspeltPaths = ['file_name[]', 'metadata[polluted]', 'metadata.a']
  const notBucket = names.filter((name) => name !== 'bucket')

  it.each([...notBucket, ...paths])('not %s with a form', expectIgnored)

  it.each([...misspelt, ...misspeltPaths])('not %s with a form, which is refused', expectRefused)

  it.each([...notBucket, ...misspelt, ...paths, ...misspeltPaths, 'file_type', 'upfile'])(
    'not %s with a query',
    expectRefusedInQuery,
  )

  it('keeps such names in metadata, where they mean nothing', async () => {
    const metadata = Object.fromEntries(
      [...names, ...misspelt].filter((name) => name !== '__proto__').map((name) => [name, 'x']),
    )
    const { body } = await upload(service, 'bytes', { fields: { metadata: JSON.stringify(metadata) } })
    expect(body).toEqual({ ...body, file_size: 5, bucket: 'default', metadata })
    expect((await send(service, `${filesPath}/${body.id}`, { method: 'DELETE' })).status).toBe(201)
    await expectUnchanged()
  })

  it('refuses a prototype in metadata', async () => {
    for (const metadata of ['{"__proto__":{"polluted":true}}', '{"a":[{"__proto__":{}}]}']) {
      expect(await upload(service, 'bytes', { fields: { metadata } })).toBeProblem(400, 'metadata-invalid')
      expect(await update(`{"metadata":${metadata}}`)).toBeProblem(400, 'metadata-invalid')
    }
    await expectUnchanged()
  })
})
