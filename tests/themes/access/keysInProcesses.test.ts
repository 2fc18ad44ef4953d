import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { holding, makeKey } from '../../support/api/keys.ts'
import { type ChildService, createInstallation, type Installation } from '../../support/childService.ts'

/** The promise is one second; the other second is for a machine that is slow. */
const PROMISED_MILLISECONDS = 2000
const ROUNDS = 8

describe('Two processes on one database', () => {
  let installation: Installation
  let [here, there]: ChildService[] = []
  beforeAll(async () => {
    installation = await createInstallation({ postgres: 'shared' })
    ;[here, there] = await Promise.all([installation.start(), installation.start()])
  })
  afterAll(() => installation.remove())
  const one = () => here as ChildService
  const other = () => there as ChildService

  /** Asks a process, the other one if none is named, until it answers with this, and returns how long that took. */
  async function untilThere(
    key: string | undefined,
    path: string,
    expected: number | string,
    process = other,
  ): Promise<number> {
    const began = performance.now()
    for (;;) {
      const { status, body } = await holding(process(), key).api.get(path)
      const took = performance.now() - began
      if ([status, body.code].includes(expected) || took > 10_000) return took
      await sleep(10)
    }
  }

  it('close both within a second of the first key, and for good', async () => {
    await holding(other()).api.get('/buckets').expect(200)
    const { stdout } = await installation.run(['keys', 'create', 'root', '--scope', 'admin'])
    root = stdout.trim()
    const closing = [one, other].map((each) => untilThere(undefined, '/buckets', 'access-key-needed', each))
    expect(Math.max(...(await Promise.all(closing)))).toBeLessThan(PROMISED_MILLISECONDS)
  })
  let root = ''

  it('know a key at once that the other one made', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { key } = await makeKey(one(), { scopes: ['list'] }, root)
      await holding(other(), key).api.get('/buckets').expect(200)
    }
  })

  it('refuse within a second what the other one has revoked, rotated or made less', async () => {
    const { api } = holding(one(), root)
    for (let round = 0; round < ROUNDS; round++) {
      const made = await Promise.all([1, 2, 3].map(() => makeKey(one(), { scopes: ['list', 'read'] }, root)))
      const [revoked, rotated, lowered] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]]
      for (const { key } of made) await holding(other(), key).api.get('/buckets').expect(200)
      await api.delete(`/keys/${revoked.id}`).expect(204)
      const { body } = await api.post(`/keys/${rotated.id}/rotate`).send({ overlap_seconds: 0 }).expect(200)
      await api
        .patch(`/keys/${lowered.id}`)
        .send({ scopes: ['read'] })
        .expect(200)
      const took = await Promise.all([
        untilThere(revoked.key, '/buckets', 'access-key-revoked'),
        untilThere(rotated.key, '/buckets', 'access-key-invalid'),
        untilThere(lowered.key, '/buckets', 'scope-missing'),
        untilThere(body.key, '/buckets', 200),
      ])
      expect(Math.max(...took)).toBeLessThan(PROMISED_MILLISECONDS)
    }
  })

  it('stay closed when every key is revoked, until the operator makes another one', async () => {
    const listed = JSON.parse((await installation.run(['keys', 'list', '--json'])).stdout)
    for (const { id } of listed)
      if (id !== root.slice(5, 17)) await holding(one(), root).api.delete(`/keys/${id}`).expect(204)
    await installation.run(['keys', 'revoke', 'root'])
    expect(await untilThere(root, '/buckets', 'access-key-revoked')).toBeLessThan(PROMISED_MILLISECONDS)
    expect((await holding(other()).api.get('/buckets')).status).toBe(401)
    const { stdout } = await installation.run(['keys', 'create', 'again', '--scope', 'admin'])
    await holding(other(), stdout.trim()).api.get('/buckets').expect(200)
  })
})
