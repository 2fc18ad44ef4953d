import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { holding, makeKey } from '../../support/api/keys.ts'
import { type ChildService, createInstallation, type Installation } from '../../support/childService.ts'

type Holder = ReturnType<typeof holding>

describe('What a process knows of a key for another second', () => {
  let installation: Installation
  let [here, there]: ChildService[] = []
  let root = ''
  beforeAll(async () => {
    installation = await createInstallation({ postgres: 'shared' })
    ;[here, there] = await Promise.all([installation.start(), installation.start()])
    root = (await installation.run(['keys', 'create', 'root', '--scope', 'admin'])).stdout.trim()
    await makeKey(one(), {}, root)
    await makeKey(other(), {}, root)
  })
  afterAll(() => installation.remove())
  const one = () => here as ChildService
  const other = () => there as ChildService
  const asRoot = () => holding(one(), root).api

  const lowered = (fields: object) => (id: string) => asRoot().patch(`/keys/${id}`).send(fields).expect(200)
  const ends = [
    ['was revoked', 'access-key-revoked', (id: string) => asRoot().delete(`/keys/${id}`).expect(204)],
    ['lost its scope', 'scope-missing', lowered({ scopes: ['read'] })],
    ['lost buckets', /^(scope-exceeded|key-not-found)$/, lowered({ buckets: ['elsewhere'] })],
    [
      'has another secret',
      'access-key-invalid',
      (id: string) => asRoot().post(`/keys/${id}/rotate`).send({ overlap_seconds: 0 }).expect(200),
    ],
  ] as const

  it.each(ends)('gives no lasting right to a key that %s', async (_how, code, end) => {
    const uses: ((by: Holder, peer: string) => PromiseLike<{ body: { code?: string } }>)[] = [
      (by) => by.api.post('/keys').send({ name: crypto.randomUUID(), scopes: ['read'], buckets: ['acme-a'] }),
      (by, peer) => by.api.patch(`/keys/${peer}`).send({ scopes: ['read', 'admin'] }),
      (by, peer) => by.api.post(`/keys/${peer}/rotate`).send({}),
      (by, peer) => by.api.delete(`/keys/${peer}`),
    ]
    for (const use of uses) {
      const { id, key } = await makeKey(one(), { scopes: ['admin'], buckets: ['acme-*'] }, root)
      const peer = await makeKey(one(), { buckets: ['acme-a'] }, root)
      const holder = holding(other(), key)
      await holder.api.get(`/keys/${peer.id}`).expect(200)
      await end(id)
      expect((await use(holder, peer.id)).body.code).toMatch(code)
      const { body } = await asRoot().get(`/keys/${peer.id}`).expect(200)
      expect([body.scopes, body.revoked_at]).toEqual([['read'], null])
      await holding(one(), peer.key).api.get('/whoami').expect(200)
    }
  })

  it('lets two keys change each other at the same time, and both are answered', async () => {
    const made = await Promise.all(
      [one(), other()].map((process) => makeKey(process, { scopes: ['admin'] }, root)),
    )
    const [first, second] = made as [(typeof made)[0], (typeof made)[0]]
    for (let round = 0; round < 20; round++)
      await Promise.all([
        holding(one(), first.key).api.patch(`/keys/${second.id}`).send({ prefix: '' }).expect(200),
        holding(other(), second.key).api.patch(`/keys/${first.id}`).send({ prefix: '' }).expect(200),
      ])
  })
})
