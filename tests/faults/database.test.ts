import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import {
  type Answer,
  download,
  type FileBody,
  filesPath,
  freshText,
  send,
  upload,
} from '../support/client.ts'
import type { Break } from '../support/databaseProxy.ts'

let behind: ServiceBehindProxy
beforeAll(async () => {
  behind = await startServiceBehindProxy({ LEASE_SECONDS: '3', SCAN_SECONDS: '2000' })
})
afterEach(() => void behind.proxy.mend())
afterAll(() => behind.stop())

const filesNamed = async (name: string) =>
  (await send<FileBody[]>(behind.service, `${filesPath}?name=${name}`)).body

/** An action of a client, and the check that the client makes afterwards. */
interface Attempt {
  run(): Promise<Answer>
  readonly succeeded: number
  /** What sending it again may be answered with when the first answer was lost. */
  readonly repeated: readonly number[]
  /** Compares the stored files with the acknowledged ones. */
  check(): Promise<void>
}

async function uploadOf(kind: 'new' | 'known', headers: Record<string, string>): Promise<Attempt> {
  const [name, text] = [randomUUID(), freshText()]
  const query = kind === 'known' ? '?duplicates=allow' : ''
  if (kind === 'known') await upload(behind.service, text)
  return {
    run: () => upload(behind.service, text, { name, headers, query }),
    succeeded: 201,
    repeated: kind === 'new' && headers['idempotency-key'] === undefined ? [201, 403] : [201],
    async check() {
      const files = await filesNamed(name)
      // Without a key a client that repeats what was done gets a second file where duplicates are allowed.
      const exactly = headers['idempotency-key'] !== undefined || kind === 'new'
      if (exactly) expect(files).toHaveLength(1)
      for (const { id } of files) expect((await download(behind.service, id)).bytes.toString()).toBe(text)
    },
  }
}

async function changeOf(method: 'PUT' | 'DELETE'): Promise<Attempt> {
  const { body } = await upload(behind.service, freshText())
  const path = `${filesPath}/${body.id}`
  const change = { headers: { 'content-type': 'application/json' }, body: '{"metadata":{"changed":true}}' }
  return {
    run: () => send(behind.service, path, { method, ...(method === 'PUT' && change) }),
    succeeded: 201,
    repeated: method === 'DELETE' ? [201, 404] : [201],
    async check() {
      const found = await send(behind.service, path)
      if (method === 'DELETE') expect(found.status).toBe(404)
      else expect(found.body.metadata).toEqual({ changed: true })
    },
  }
}

async function readingOf(suffix: string): Promise<Attempt> {
  const { body } = await upload(behind.service, freshText())
  return {
    run: () =>
      send(
        behind.service,
        suffix.startsWith('?') ? `${filesPath}${suffix}` : `${filesPath}/${body.id}${suffix}`,
      ),
    succeeded: 200,
    repeated: [200],
    check: async () => {},
  }
}

const attempts: readonly (readonly [string, () => Promise<Attempt>])[] = [
  ['an upload', () => uploadOf('new', {})],
  ['an upload with an Idempotency-Key', () => uploadOf('new', { 'idempotency-key': randomUUID() })],
  ['an upload of known bytes', () => uploadOf('known', {})],
  [
    'an upload of known bytes with an Idempotency-Key',
    () => uploadOf('known', { 'idempotency-key': randomUUID() }),
  ],
  ['an update', () => changeOf('PUT')],
  ['a deletion', () => changeOf('DELETE')],
  ['getFile', () => readingOf('')],
  ['a download', () => readingOf('/content')],
  ['a list', () => readingOf('?count=exact')],
]

describe('when the connection to the database breaks', () => {
  const moments: readonly Break[] = ['before', 'during', 'after']
  const cases = attempts.flatMap(([name, prepare]) => moments.map((how) => [how, name, prepare] as const))

  it.each(cases)(
    '%s any statement of %s, the client learns the truth or is told to repeat it',
    async (how, _name, prepare) => {
      let broken = 0
      // At the first statement, at the second, …, until the attempt gets by without reaching the one that would break.
      for (let statement = 1; statement <= 30; statement++) {
        const attempt = await prepare()
        const sprung = behind.proxy.breakAt(statement, how)
        const answer = await attempt.run()
        if (!behind.proxy.mend()) {
          expect(answer.status).toBe(attempt.succeeded)
          await attempt.check()
          break
        }
        await sprung
        broken += 1
        if (answer.status !== attempt.succeeded) {
          expect(answer).toBeProblem(503)
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
          expect(attempt.repeated).toContain((await repeat(attempt)).status)
        }
        await attempt.check()
      }
      expect(broken).toBeGreaterThan(0)
    },
  )

  it.each(moments)('%s any statement of maintenance, the next round does what it left', async (how) => {
    for (let statement = 1; ; statement++) {
      const { body } = await upload(behind.service, freshText())
      await send(behind.service, `${filesPath}/${body.id}`, { method: 'DELETE' })
      void behind.proxy.breakAt(statement, how)
      const outcome = await behind.service.maintain().then(
        () => 'done',
        () => 'failed',
      )
      if (!behind.proxy.mend()) break
      expect(outcome).toBe('failed')
      expect(statement).toBeLessThan(400)
      statement += Math.floor(statement / 20)
    }
    await behind.service.maintain()
    expect(await behind.service.violations()).toEqual([])
    expect(await behind.query('select storage_key from trash')).toEqual([])
  })

  it('keeps nothing of all that once the leases are over', async () => {
    await sleep(3100)
    await behind.service.maintain()
    expect(await behind.service.violations()).toEqual([])
    expect(await behind.query('select storage_key from intents where lease_expires_at < now()')).toEqual([])
  })
})

/** Sends it again until the service knows better, at most as long as a claim can last. */
async function repeat(attempt: Attempt): Promise<Answer> {
  for (let times = 1; ; times++) {
    const answer = await attempt.run()
    if (answer.status !== 409 || times === 40) return answer
    await sleep(200)
  }
}
