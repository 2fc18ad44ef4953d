import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { announce, completeMultipart, sendAll, sendDirect } from '../../support/api/direct.ts'
import { putRaw } from '../../support/api/files.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { follow, namedLink, putNamed } from '../../support/api/named.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { gif } from '../../support/direct.ts'
import { type StartedService, startService } from '../../support/service.ts'

const scopes = ['read', 'list', 'write', 'delete']

let service: StartedService
let root: ReturnType<typeof holding>
beforeAll(async () => {
  service = await startService(closed)
  root = holding(service, rootKey)
})
afterAll(() => service.stop())

type Ending = readonly [how: string, end: (id: string) => PromiseLike<unknown>]

const endings: readonly Ending[] = [
  ['was revoked', (id) => root.api.delete(`/keys/${id}`).expect(204)],
  [
    'has expired',
    (id) =>
      root.api
        .patch(`/keys/${id}`)
        .send({ expires_in: 1 })
        .expect(200)
        .then(() => sleep(1000)),
  ],
  [
    'lost its scopes',
    (id) =>
      root.api
        .patch(`/keys/${id}`)
        .send({ scopes: ['list'] })
        .expect(200),
  ],
]

describe('a link', () => {
  it.each(endings)('ends when the key that made it %s', async (_, end) => {
    const { key, id } = await makeKey(service, { scopes })
    const holder = holding(service, key)
    const bytes = gif(freshText())
    const file = await putRaw(holder, freshText()).expect(201)
    const reading = (await holder.api.get(`${filesPath}/${file.body.id}/link`).expect(200)).body.url
    const sending = (await announce(holder, bytes, { method: 'PUT' }).expect(200)).body
    await follow(service, reading).expect(200)
    await end(id)
    await sleep(1000) // what the process knows of a key is at most that old
    expect(await follow(service, reading)).toBeProblem(403, 'link-revoked')
    expect(await sendDirect(service, sending, bytes)).toBeProblem(403)
    expect((await root.api.get(`${filesPath}/${file.body.id}`).expect(200)).body.id).toBe(file.body.id)
  })

  it('leads to no file that its key does not reach any more', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const file = await putRaw(holding(service, key), freshText()).expect(201)
    const { url } = (await holding(service, key).api.get(`${filesPath}/${file.body.id}/link`).expect(200))
      .body
    await root.api
      .patch(`/keys/${id}`)
      .send({ buckets: ['elsewhere'] })
      .expect(200)
    await sleep(1000)
    expect(await follow(service, url)).toBeProblem(404, 'file-not-found')
  })

  it('outlives a rotation of its key', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const file = await putRaw(holding(service, key), freshText()).expect(201)
    const { url } = (await holding(service, key).api.get(`${filesPath}/${file.body.id}/link`).expect(200))
      .body
    await root.api.post(`/keys/${id}/rotate`).send({ overlap_seconds: 0 }).expect(200)
    await sleep(1000)
    await follow(service, url).expect(200)
  })

  it('names its key, and nobody can put another in its place', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const file = await putRaw(holding(service, key), freshText()).expect(201)
    const { url } = (await holding(service, key).api.get(`${filesPath}/${file.body.id}/link`).expect(200))
      .body
    expect(new URL(url, service.url).searchParams.get('by')).toBe(`key:${id}`)
    for (const forged of [url.replace(`key%3A${id}`, 'key%3AAAAAAAAAAAAA'), url.replace(/[?&]by=[^&]*/, '')])
      expect(await follow(service, forged)).toBeProblem(403, 'link-invalid')
  })
})

describe('an upload', () => {
  interface Sent {
    readonly key: string
    readonly method: string
    readonly path: string
    readonly type: string
    readonly halves: readonly [string, string]
  }

  const raw = (key: string, name: string): Sent => ({
    ...{ key, method: 'PUT', path: `${filesPath}?file_name=${name}`, type: 'text/plain' },
    halves: ['a'.repeat(100_000), freshText()],
  })

  /** A form whose file gets its name to itself. */
  const form = (key: string, name: string): Sent => ({
    ...{ key, method: 'POST', path: '/file/default', type: 'multipart/form-data; boundary=x' },
    halves: [
      `--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${'a'.repeat(100_000)}`,
      `${freshText()}\r\n--x--\r\n`,
    ],
  })

  /** Sends one half, changes something, and sends the other. Returns the status and the code of the answer. */
  async function sendAround(sent: Sent, change: () => PromiseLike<unknown>) {
    const { key, method, path, type, halves } = sent
    const { port, hostname } = new URL(service.url)
    const headers = { 'x-api-key': key, 'content-type': type, 'content-length': halves.join('').length }
    const upload = request({ hostname, port, method, path, headers })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upload.once('response', resolve).once('error', reject)
    })
    upload.write(halves[0])
    await sleep(100)
    await change()
    await sleep(1000)
    upload.end(halves[1])
    const answer = await answered
    const { code } = JSON.parse(await text(answer))
    return [answer.statusCode, code]
  }

  type Lost = readonly [
    how: string,
    change: (id: string) => PromiseLike<unknown>,
    refusal: readonly [number, string],
  ]
  const losses: readonly Lost[] = [
    ['is revoked', (id) => root.api.delete(`/keys/${id}`).expect(204), [401, 'access-key-revoked']],
    ['loses `write`', (id) => edit(id, { scopes: ['read', 'delete'] }), [403, 'scope-missing']],
    ['loses its bucket', (id) => edit(id, { buckets: ['elsewhere'] }), [403, 'bucket-forbidden']],
    ['loses its names', (id) => edit(id, { prefix: 'elsewhere/' }), [403, 'name-forbidden']],
  ]
  const edit = (id: string, fields: Readonly<Record<string, unknown>>) =>
    root.api.patch(`/keys/${id}`).send(fields).expect(200)

  it.each(losses)('whose key %s while its bytes arrive becomes no file', async (_, change, refusal) => {
    const { key, id } = await makeKey(service, { scopes })
    const name = crypto.randomUUID()
    expect(await sendAround(raw(key, name), () => change(id))).toEqual(refusal)
    expect((await root.api.get(`${filesPath}?name=${name}`).expect(200)).body).toEqual([])
    expect(await service.violations()).toEqual([])
  })

  it('whose key loses `delete` while its bytes arrive replaces no file', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const name = crypto.randomUUID()
    await putNamed(root, name, freshText(), { bucket: 'default' }).expect(201)
    const { etag } = (await namedLink(root, 'default', name).expect(200)).headers
    const answer = await sendAround(form(key, name), () => edit(id, { scopes: ['read', 'write'] }))
    expect(answer).toEqual([409, 'name-taken'])
    expect((await namedLink(root, 'default', name).expect(200)).headers.etag).toBe(etag)
  })

  it('in parts whose key loses `write` becomes no file for whoever completes it', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const parts = await sendAll(holding(service, key), [Buffer.from(freshText())])
    await edit(id, { scopes: ['read'] })
    await sleep(1000)
    expect(await completeMultipart(root, parts.id, parts.named)).toBeProblem(403, 'scope-missing')
    await root.api.get(`${filesPath}/${parts.id}`).expect(404)
  })
})
