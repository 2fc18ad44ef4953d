import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { fromOwnPage, logIn } from '../../support/api/session.ts'
import { describeService } from '../../support/describeService.ts'

describeService('rotateKey', closed, (service) => {
  const rotate = (id: string, body?: object, by = rootKey) =>
    holding(service, by).api.post(`/keys/${id}/rotate`).send(body)
  const ask = (key: string) => holding(service, key).api.get('/whoami')

  it('answers with the new key alone, and leaves the rest of the key as it is', async () => {
    const { key, ...before } = await makeKey(service, { prefix: 'x/' })
    const { status, headers, body } = await rotate(before.id)
    expect([status, headers['cache-control'], body]).toEqual([
      200,
      'no-store',
      { ...before, key: expect.any(String) },
    ])
    expect([body.key === key, body.key.slice(5, 17)]).toEqual([false, before.id])
    expect((await ask(body.key)).body).toEqual((await ask(key)).body) // the old one is good for a day
  })

  it('ends the old secret at once', async () => {
    const { id, key } = await makeKey(service)
    await ask(key).expect(200)
    const { body } = await rotate(id, { overlap_seconds: 0 }).expect(200)
    expect(await ask(key)).toBeProblem(401, 'access-key-invalid')
    await ask(body.key).expect(200)
  })

  it('ends the old secret when the overlap is over', async () => {
    const { id, key } = await makeKey(service)
    const { body } = await rotate(id, { overlap_seconds: 1 }).expect(200)
    await ask(key).expect(200)
    await sleep(1100)
    expect(await ask(key)).toBeProblem(401, 'access-key-invalid')
    await ask(body.key).expect(200)
  })

  it('lets the old secret do everything but manage keys, by itself and by a session', async () => {
    const { id, key } = await makeKey(service, { scopes: ['admin'] })
    const peer = await makeKey(service)
    const { body } = await rotate(id, {}).expect(200)
    const managing = (api: ReturnType<typeof holding>['api']) => [
      api.post('/keys').send({ name: crypto.randomUUID(), scopes: ['read'] }),
      api.patch(`/keys/${peer.id}`).send({ scopes: ['admin'] }),
      api.post(`/keys/${id}/rotate`).send({ overlap_seconds: 0 }),
      api.delete(`/keys/${peer.id}`),
    ]
    const bySession = holding(service).api.set({ ...fromOwnPage, cookie: await logIn(service, key) })
    for (const api of [holding(service, key).api, bySession]) {
      await api.get(`/keys/${peer.id}`).expect(200)
      for (const request of managing(api)) expect(await request).toBeProblem(403, 'access-key-rotated')
    }
    await rotate(id, {}, body.key).expect(200)
  })

  it('ends at once a secret that is older than the old one', async () => {
    const { id, key } = await makeKey(service)
    const second = (await rotate(id, {}).expect(200)).body.key
    const third = (await rotate(id, {}).expect(200)).body.key
    expect(await ask(key)).toBeProblem(401, 'access-key-invalid')
    await ask(second).expect(200)
    await ask(third).expect(200)
  })

  it.each([
    ['a negative overlap', { overlap_seconds: -1 }],
    ['an overlap of more than 30 days', { overlap_seconds: 2_592_001 }],
    ['half a second', { overlap_seconds: 0.5 }],
    ['a text', { overlap_seconds: '60' }],
    ['a key', { key: rootKey }],
  ])('refuses %s', async (_case, body) => {
    const { id, key } = await makeKey(service)
    expect(await rotate(id, body)).toBeProblem(400)
    await ask(key).expect(200)
  })

  it('refuses a body of another type', async () => {
    const { id } = await makeKey(service)
    const post = () => holding(service, rootKey).api.post(`/keys/${id}/rotate`)
    expect(await post().type('text/plain').send('overlap_seconds=0')).toBeProblem(415)
    await post().type('text/plain').expect(200) // no body, so its type says nothing
  })

  it('gives no other secret to a key that was revoked', async () => {
    const { id } = await makeKey(service)
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    expect(await rotate(id, {})).toBeProblem(409, 'key-revoked')
  })

  it('gives nobody a secret for more than they have, or for longer', async () => {
    const end = new Date(Date.now() + 3_600_000).toISOString()
    const part = await makeKey(service, { scopes: ['admin'], buckets: ['acme-*'], expires_at: end })
    const own = (fields: object) => makeKey(service, { buckets: ['acme-a'], ...fields })
    await rotate((await own({ expires_at: end })).id, {}, part.key).expect(200)
    expect(await rotate((await own({})).id, {}, part.key)).toBeProblem(403, 'scope-exceeded')
    expect(await rotate((await makeKey(service)).id, {}, part.key)).toBeProblem(404, 'key-not-found')
    expect(await rotate('AAAAAAAAAAAA', {}, rootKey)).toBeProblem(404, 'key-not-found')
    await rotate(part.id, {}, part.key).expect(200)
  })
})
