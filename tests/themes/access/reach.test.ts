import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { announce, beginMultipart, getStatus, setStatus } from '../../support/api/direct.ts'
import { download, putRaw, upload } from '../../support/api/files.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { deleteNamed, namedLink, putNamed } from '../../support/api/named.ts'
import { type FileBody, filesPath, freshText } from '../../support/client.ts'
import { gif } from '../../support/direct.ts'
import { type StartedService, startService } from '../../support/service.ts'

type Holder = ReturnType<typeof holding>

const scopes = ['read', 'list', 'write', 'delete']

let service: StartedService
let root: Holder
beforeAll(async () => {
  service = await startService(closed)
  root = holding(service, rootKey)
  for (const name of ['photos', 'letters']) await root.api.post('/buckets').send({ name }).expect(201)
})
afterAll(() => service.stop())

const holderOf = async (fields: Readonly<Record<string, unknown>>) =>
  holding(service, (await makeKey(service, { scopes, ...fields })).key)

const put = async (holder: Holder, text: string, query: string): Promise<FileBody> =>
  (await putRaw(holder, text, query).expect(201)).body

describe.each<[string, Readonly<Record<string, unknown>>, inside: string, outside: string]>([
  [
    'a key for one bucket',
    { buckets: ['photos'] },
    '?bucket=photos&file_name=a',
    '?bucket=letters&file_name=a',
  ],
  [
    'a key for a pattern of buckets',
    { buckets: ['ph*s'] },
    '?bucket=photos&file_name=a',
    '?bucket=letters&file_name=a',
  ],
  [
    'a key for names',
    { prefix: 'acme/' },
    '?bucket=letters&file_name=acme/a',
    '?bucket=letters&file_name=acme2',
  ],
])('%s', (_, fields, inside, outside) => {
  let holder: Holder
  let own: FileBody
  let other: FileBody
  beforeAll(async () => {
    holder = await holderOf(fields)
    own = await put(holder, freshText(), inside)
    other = await put(root, freshText(), outside)
  })

  it('reaches its own files', async () => {
    await holder.api.get(`${filesPath}/${own.id}`).expect(200)
    await holder.api.get(`${filesPath}/${own.file_hash}?bucket=${own.bucket}`).expect(200)
    await download(holder, own.id).expect(200)
    await holder.api.get(`${filesPath}/${own.id}/link`).expect(200)
    await getStatus(holder, own.id).expect(200)
    await holder.api
      .put(`${filesPath}/${own.id}`)
      .send({ metadata: { seen: true } })
      .expect(201)
  })

  it.each<[string, (file: FileBody) => ReturnType<Holder['api']['get']>]>([
    ['read', ({ id }) => holder.api.get(`${filesPath}/${id}`)],
    ['read by its hash', ({ file_hash }) => holder.api.get(`${filesPath}/${file_hash}`)],
    ['download', ({ id }) => download(holder, id)],
    ['link to', ({ id }) => holder.api.get(`${filesPath}/${id}/link`)],
    ['change', ({ id }) => holder.api.put(`${filesPath}/${id}`).send({ metadata: {} })],
    ['delete', ({ id }) => holder.api.delete(`${filesPath}/${id}`)],
    ['ask for the state of', ({ id }) => getStatus(holder, id)],
    ['set the state of', ({ id }) => setStatus(holder, id, 'uploaded')],
  ])('cannot %s a file outside: it looks like one that is absent', async (_verb, ask) => {
    const answer = await ask(other)
    expect(answer).toBeProblem(404, 'file-not-found')
    const absent = await ask({ ...other, id: crypto.randomUUID(), file_hash: '0'.repeat(64) })
    const { request_id: _id, ...body } = answer.body
    expect(absent.body).toMatchObject(body)
    await root.api.get(`${filesPath}/${other.id}`).expect(200)
  })

  it('lists, counts and searches its own files alone', async () => {
    const answer = await holder.api
      .get(`${filesPath}?bucket=${own.bucket}&count=exact&limit=1000`)
      .expect(200)
    expect(answer.body.map(({ id }: FileBody) => id)).toContain(own.id)
    expect(answer.body.map(({ id }: FileBody) => id)).not.toContain(other.id)
    expect(answer.headers['x-total-count']).toBe(String(answer.body.length))
    const found = await holder.api.get(`${filesPath}?bucket=${own.bucket}&name=acme2`).expect(200)
    expect(found.body).toEqual([])
  })

  it('never sees another in the answer to an upload of the same bytes', async () => {
    const text = freshText()
    const hidden = await put(root, text, outside)
    const again = await putRaw(holder, text, inside).set('if-none-match', '*').expect(201)
    expect(again.body.id).not.toBe(hidden.id)
    expect(await putRaw(holder, text, inside)).toBeProblem(403, 'file-exists')
    expect(await putRaw(holder, text, inside).set('if-none-match', '*')).toBeProblem(412)
  })
})

describe('a key for one bucket', () => {
  let holder: Holder
  beforeAll(async () => {
    holder = await holderOf({ buckets: ['photos'], scopes: [...scopes, 'admin'] })
  })

  it('sees no other bucket', async () => {
    expect((await holder.api.get('/buckets').expect(200)).body).toMatchObject([{ name: 'photos' }])
    await holder.api.get('/buckets/photos').expect(200)
  })

  it.each<[string, () => ReturnType<Holder['api']['get']>]>([
    ['getBucket', () => holder.api.get('/buckets/letters')],
    ['updateBucket', () => holder.api.patch('/buckets/letters').send({ visibility: 'public' })],
    ['deleteBucket', () => holder.api.delete('/buckets/letters')],
    ['createBucket', () => holder.api.post('/buckets').send({ name: 'other' })],
    ['listFiles', () => holder.api.get(`${filesPath}?bucket=letters`)],
    ['listFiles of the default bucket', () => holder.api.get(filesPath)],
    ['putFile', () => putRaw(holder, 'a', '?bucket=letters')],
    ['createFile', () => upload(holder, 'a', { fields: { bucket: 'letters' } })],
    ['createFile in the default bucket', () => upload(holder, freshText())],
    ['putNamedFile', () => putNamed(holder, 'a.txt', 'a', { bucket: 'letters' })],
    ['putFileByName', () => putNamed(holder, 'a.txt', 'a', { fields: { bucket: 'letters' } })],
    ['getNamedFileLink', () => namedLink(holder, 'letters', 'a.txt')],
    ['deleteNamedFile', () => deleteNamed(holder, 'letters', 'a.txt')],
    ['createPresignedUrl', () => announce(holder, gif('a'), { bucket: 'letters' })],
    ['createMultipartUpload', () => beginMultipart(holder, { bucket: 'letters' })],
    ['getUploadParameters', () => holder.api.get('/s3/params?filename=a.gif&type=image/gif&bucket=letters')],
  ])('is refused in another: %s', async (_, ask) => {
    expect(await ask()).toBeProblem(403, 'bucket-forbidden')
  })

  it('cannot take part in an upload that was announced for another', async () => {
    const { body } = await announce(root, gif('a'), { bucket: 'letters' }).expect(200)
    expect(await getStatus(holder, body.key)).toBeProblem(404, 'file-not-found')
    expect(await setStatus(holder, body.key, 'uploaded')).toBeProblem(404, 'file-not-found')
    const parts = await beginMultipart(root, { bucket: 'letters' }).expect(200)
    const { uploadId } = parts.body
    for (const answer of [
      await holder.api.get(`/s3/multipart/${uploadId}`),
      await holder.api.get(`/s3/multipart/${uploadId}/1`),
      await holder.api.get(`/s3/multipart/${uploadId}/batch?partNumbers=1,2`),
      await holder.api
        .post(`/s3/multipart/${uploadId}/complete`)
        .send({ parts: [{ PartNumber: 1, ETag: 'a' }] }),
      await holder.api.delete(`/s3/multipart/${uploadId}`),
    ])
      expect(answer).toBeProblem(404, 'upload-not-found')
    await root.api.get(`/s3/multipart/${uploadId}`).expect(200)
  })
})

describe('a key for names', () => {
  let holder: Holder
  beforeAll(async () => {
    holder = await holderOf({ buckets: ['letters'], prefix: 'acme/', scopes: [...scopes, 'admin'] })
  })

  it.each<[string, () => ReturnType<Holder['api']['get']>]>([
    ['putFile', () => putRaw(holder, 'a', '?bucket=letters&file_name=a.txt')],
    ['putFile, below another folder', () => putRaw(holder, 'a', '?bucket=letters&file_name=acme2/a.txt')],
    ['createFile', () => upload(holder, 'a', { fields: { bucket: 'letters', file_name: 'b/acme/a' } })],
    ['putNamedFile', () => putNamed(holder, 'a.txt', 'a', { bucket: 'letters' })],
    ['createPresignedUrl', () => announce(holder, gif('a'), { bucket: 'letters' })],
    ['updateBucket', () => holder.api.patch('/buckets/letters').send({ visibility: 'public' })],
    ['deleteBucket', () => holder.api.delete('/buckets/letters')],
  ])('is refused other names: %s', async (_, ask) => {
    expect(await ask()).toBeProblem(403, 'name-forbidden')
  })

  it('cannot climb out of its folder', async () => {
    for (const name of ['acme/../a.txt', 'acme//a.txt', 'acme/./a.txt'])
      expect(await putRaw(holder, 'a', `?bucket=letters&file_name=${encodeURIComponent(name)}`)).toBeProblem(
        400,
      )
  })

  it('keeps files below its prefix when it renames them', async () => {
    const { id } = await put(holder, freshText(), '?bucket=letters&file_name=acme/draft.txt')
    const rename = (file_name: string) => holder.api.put(`${filesPath}/${id}`).send({ file_name })
    expect(await rename('draft.txt')).toBeProblem(403, 'name-forbidden')
    expect((await rename('acme/final.txt').expect(201)).body.file_name).toBe('acme/final.txt')
  })

  it('reads and deletes by name below its prefix alone', async () => {
    for (const name of ['acme/b.txt', 'b.txt'])
      await putNamed(root, 'x', freshText(), { bucket: 'letters', fields: { file_name: name } }).expect(201)
    await namedLink(holder, 'letters', 'acme/b.txt').expect(200)
    expect(await namedLink(holder, 'letters', 'b.txt')).toBeProblem(404, 'file-not-found')
    expect(await deleteNamed(holder, 'letters', 'b.txt')).toBeProblem(404, 'file-not-found')
    await deleteNamed(holder, 'letters', 'acme/b.txt').expect(200)
  })
})

describe('a key', () => {
  it('that may not make buckets gets 404 for one that is missing, before the body', async () => {
    const holder = await holderOf({})
    for (const answer of [
      await putRaw(holder, 'a', '?bucket=nowhere'),
      await upload(holder, 'a', { fields: { bucket: 'nowhere' } }),
      await putNamed(holder, 'a', 'a', { bucket: 'nowhere' }),
      await announce(holder, gif('a'), { bucket: 'nowhere' }),
    ])
      expect(answer).toBeProblem(404, 'bucket-not-found')
    await putRaw(await holderOf({ scopes: ['admin'] }), 'a', '?bucket=nowhere').expect(201)
  })

  it('that may not delete replaces no file and ends none by its expiry', async () => {
    const holder = await holderOf({ scopes: ['write'] })
    const name = crypto.randomUUID()
    await putNamed(holder, name, freshText(), { bucket: 'letters' }).expect(201)
    expect(await putNamed(holder, name, freshText(), { bucket: 'letters' })).toBeProblem(409, 'name-taken')
    const { id } = await put(root, freshText(), '?bucket=letters')
    const expire = { expires_at: new Date(Date.now() + 60_000).toISOString() }
    const answer = await holder.api.put(`${filesPath}/${id}`).send(expire)
    expect(answer).toBeProblem(403, 'scope-missing')
    expect(answer.body.scope).toBe('delete')
  })

  it('that may not delete leaves a file under the name that it has to itself', async () => {
    const holder = await holderOf({ scopes: ['write'] })
    const [name, text] = [crypto.randomUUID(), freshText()]
    await putNamed(root, name, text, { bucket: 'letters' }).expect(201)
    const { body } = await root.api.get(`${filesPath}?bucket=letters&name=${name}`).expect(200)
    const change = (by: Holder, fields: object) => by.api.put(`${filesPath}/${body[0].id}`).send(fields)
    const answer = await change(holder, { file_name: `${name}.old` })
    expect(answer).toBeProblem(403, 'scope-missing')
    expect(answer.body.scope).toBe('delete')
    await change(holder, { file_name: name, metadata: { seen: true } }).expect(201)
    expect(await putNamed(holder, name, freshText(), { bucket: 'letters' })).toBeProblem(409, 'name-taken')
    await change(await holderOf({ scopes: ['write', 'delete'] }), { file_name: `${name}.old` }).expect(201)
  })

  it('that may not read learns of no file with the same bytes', async () => {
    const text = freshText()
    await put(root, text, '?bucket=letters')
    const holder = await holderOf({ scopes: ['write'] })
    await putRaw(holder, text, '?bucket=letters').set('if-none-match', '*').expect(201)
  })

  it('has Idempotency-Keys of its own', async () => {
    const [one, other] = [await holderOf({}), await holderOf({})]
    const key = crypto.randomUUID()
    const send = (holder: Holder, text: string) =>
      putRaw(holder, text, '?bucket=letters').set('idempotency-key', key)
    const text = freshText()
    const first = await send(one, text).expect(201)
    const second = await send(other, freshText()).expect(201)
    expect(second.body.id).not.toBe(first.body.id)
    const replayed = await send(one, text).expect(201)
    expect([replayed.body.id, replayed.headers['idempotency-replayed']]).toEqual([first.body.id, 'true'])
  })
})

describe('an upload that its actor may not send', () => {
  /** Sends the head of a request and the beginning of its body, and returns the first status line that comes back. */
  async function begin(
    path: string,
    headers: Readonly<Record<string, string>>,
    start: string,
  ): Promise<string> {
    const socket = connect(service.port, '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}\r\n${start}`)
    const [answer] = await once(socket, 'data')
    socket.destroy()
    return String(answer).split('\r\n')[0] ?? ''
  }
  const fields = { scopes: ['write'], buckets: ['photos'] }

  it.each([
    ['to the default bucket', '', {}],
    ['under a name of others', '?bucket=photos&file_name=other', { prefix: 'acme/' }],
  ])('as a raw body %s is refused before its body, and takes no room', async (_, query, more) => {
    const { key } = await makeKey(service, { ...fields, ...more })
    const headers = { 'x-api-key': key, 'content-length': '1000000', expect: '100-continue' }
    expect(await begin(`PUT ${filesPath}${query}`, headers, '')).toBe('HTTP/1.1 403 Forbidden')
  })

  it('as a form is refused where its file begins, and takes no room of the bucket', async () => {
    await root.api.patch('/buckets/letters').send({ max_files: 1000, max_bytes: 1_000_000 }).expect(200)
    const { key } = await makeKey(service, fields)
    const headers = {
      'x-api-key': key,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': '900000',
    }
    const field = '--b\r\nContent-Disposition: form-data; name="bucket"\r\n\r\nletters\r\n'
    const file = '--b\r\nContent-Disposition: form-data; name="upfile"; filename="a"\r\n\r\nbytes'
    expect(await begin(`POST ${filesPath}`, headers, `${field}${file}`)).toBe('HTTP/1.1 403 Forbidden')
    await putRaw(root, 'a'.repeat(900_000), '?bucket=letters').expect(201)
    await root.api.patch('/buckets/letters').send({ max_files: null, max_bytes: null }).expect(200)
  })
})
