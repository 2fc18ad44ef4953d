import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, postKey, rootKey } from '../../support/api/keys.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { eventually } from '../../support/eventually.ts'
import { startService } from '../../support/service.ts'

const scopes = ['read', 'list', 'write']

describeService('A key with a limit', closed, (service) => {
  const ask = (key: string) => holding(service, key).api.get(filesPath)
  const patch = (id: string, changes: object) =>
    holding(service, rootKey).api.patch(`/keys/${id}`).send(changes).expect(200)

  it('of requests a minute is told what is left, and refused what exceeds it', async () => {
    const { id, key, rate_per_minute } = await makeKey(service, { scopes, rate_per_minute: 3 })
    expect(rate_per_minute).toBe(3)
    for (const left of [2, 1, 0]) {
      const { headers } = await ask(key).expect(200)
      expect(headers['ratelimit-policy']).toBe('"key";q=3;w=60')
      expect(headers.ratelimit).toMatch(new RegExp(`^"key";r=${left};t=\\d+$`))
    }
    const refused = await ask(key)
    expect(refused).toBeProblem(429, 'rate-limited')
    expect(refused.body['violated-policies']).toEqual(['key'])
    const [, seconds] = /^"key";r=0;t=(\d+)$/.exec(refused.headers.ratelimit ?? '') ?? []
    expect(refused.headers['retry-after']).toBe(seconds)
    const form = holding(service, key).api.post(filesPath).attach('upfile', Buffer.from('bytes'), 'a.txt')
    expect(await form).toBeProblem(429, 'rate-limited')

    const { headers } = await ask(rootKey).expect(200)
    expect(headers.ratelimit).toBeUndefined()
    const other = await makeKey(service, { scopes, rate_per_minute: 3 })
    await ask(other.key).expect(200)

    await patch(id, { rate_per_minute: 10 })
    await eventually(() => ask(key).expect(200))
    await patch(id, { rate_per_minute: null })
    await eventually(async () => expect((await ask(key).expect(200)).headers.ratelimit).toBeUndefined())
  })

  it('of requests a month is refused what exceeds it until the month ends, also by another process', async () => {
    const { id, key } = await makeKey(service, { scopes, requests_per_month: 3 })
    for (const left of [2, 1, 0]) {
      const { headers } = await ask(key).expect(200)
      expect(headers['ratelimit-policy']).toBe('"month";q=3')
      expect(headers.ratelimit).toMatch(new RegExp(`^"month";r=${left};t=\\d+$`))
    }
    const refused = await ask(key)
    expect(refused).toBeProblem(429, 'rate-limited')
    expect(refused.body['violated-policies']).toEqual(['month'])
    const next = new Date()
    next.setUTCMonth(next.getUTCMonth() + 1, 1)
    next.setUTCHours(0, 0, 0, 0)
    expect(
      Math.abs(Number(refused.headers['retry-after']) - (next.getTime() - Date.now()) / 1000),
    ).toBeLessThan(60)

    await service.deps.keyUsage.close() // as once a minute
    const other = await startService({ ...closed, DATABASE_URL: service.settings.DATABASE_URL ?? '' })
    try {
      expect(await holding(other, key).api.get(filesPath)).toBeProblem(429, 'rate-limited')
      await patch(id, { requests_per_month: 5 })
      await eventually(() => holding(other, key).api.get(filesPath).expect(200))
    } finally {
      await other.stop()
    }
  })

  it('has the time of its last use, to a minute', async () => {
    const { id, key, last_used_at } = await makeKey(service, { scopes })
    expect(last_used_at).toBeNull()
    await ask(key).expect(200)
    await service.deps.keyUsage.close() // as once a minute
    const { body } = await holding(service, rootKey).api.get(`/keys/${id}`).expect(200)
    expect(Math.abs(Date.parse(body.last_used_at) - Date.now())).toBeLessThan(60_000)
  })

  it('makes keys with the same limit, if it does not say another', async () => {
    const limits = { rate_per_minute: 100, requests_per_month: 1000 }
    const maker = await makeKey(service, { scopes: ['admin'], ...limits })
    expect(await makeKey(service, {}, maker.key)).toMatchObject(limits)
    expect(await makeKey(service, { rate_per_minute: 7 }, maker.key)).toMatchObject({
      ...limits,
      rate_per_minute: 7,
    })
  })

  it.each([
    ['rate_per_minute', 100, 'minute'],
    ['requests_per_month', 1000, 'month'],
  ])('gives itself and others no higher %s than its own', async (limit, own, time) => {
    const maker = await makeKey(service, { scopes: ['admin'], [limit]: own })
    const peer = await makeKey(service, { [limit]: own + 2 })
    const { api } = holding(service, maker.key)
    for (const more of [own + 1, null]) {
      const changed = await api.patch(`/keys/${maker.id}`).send({ [limit]: more })
      expect(changed).toBeProblem(403, 'scope-exceeded')
      expect(changed.body.detail).toContain(`at most ${own} requests in a ${time}`)
      expect(await postKey(service, { [limit]: more }, maker.key)).toBeProblem(403, 'scope-exceeded')
    }
    expect(await api.post(`/keys/${peer.id}/rotate`)).toBeProblem(403, 'scope-exceeded')
    for (const [id, less] of [
      [peer.id, own + 1],
      [maker.id, own - 1],
    ])
      await api
        .patch(`/keys/${id}`)
        .send({ [limit]: less })
        .expect(200)
  })

  it.each([
    { rate_per_minute: 0 },
    { rate_per_minute: 1.5 },
    { rate_per_minute: 1_000_001 },
    { rate_per_minute: '60' },
    { requests_per_month: 0 },
    { requests_per_month: -1 },
  ])('cannot have the limit %j', async (limit) => {
    expect(await postKey(service, { scopes, ...limit })).toBeProblem(400)
  })
})
