import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { announce, sendDirect } from '../../support/api/direct.ts'
import { putRaw } from '../../support/api/files.ts'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { follow } from '../../support/api/named.ts'
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
  it('whose key is revoked while its bytes arrive becomes no file', async () => {
    const { key, id } = await makeKey(service, { scopes })
    const name = crypto.randomUUID()
    const { port, hostname } = new URL(service.url)
    const upload = request({
      ...{ hostname, port, method: 'PUT', path: `${filesPath}?file_name=${name}` },
      headers: { 'x-api-key': key, 'content-length': 200_000 },
    })
    const answered = new Promise<number>((resolve, reject) => {
      upload.once('response', (answer) => resolve(answer.resume().statusCode ?? 0)).once('error', reject)
    })
    upload.write(Buffer.alloc(100_000, 'a'))
    await sleep(100)
    await root.api.delete(`/keys/${id}`).expect(204)
    await sleep(1000)
    upload.end(Buffer.alloc(100_000, 'b'))
    expect(await answered).toBe(401)
    expect((await root.api.get(`${filesPath}?name=${name}`).expect(200)).body).toEqual([])
    expect(await service.violations()).toEqual([])
  })
})
