import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { askOften } from '../../support/askOften.ts'
import { filesPath } from '../../support/client.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../support/databaseProxy.ts'
import { eventually } from '../../support/eventually.ts'
import { readLog } from '../../support/logs.ts'
import { createDatabase } from '../../support/postgres.ts'
import { type StartedService, startService } from '../../support/service.ts'

const QUOTA = 20
/** Requests are limited, and need no key. */
const settings = { AUTH: 'off', ANONYMOUS_RATE: String(QUOTA), TRUSTED_PROXIES: '1' }
const from = (address: string) => ({ 'X-Forwarded-For': address })

let proxy: DatabaseProxy
let database: Awaited<ReturnType<typeof createDatabase>>
let first: StartedService
let second: StartedService
beforeAll(async () => {
  proxy = await startDatabaseProxy()
  database = await createDatabase()
  first = await startService({ ...settings, DATABASE_URL: proxy.through(database.url) })
  second = await startService({ ...settings, DATABASE_URL: database.url })
})
afterAll(async () => {
  await second.stop()
  await first.stop()
  await proxy.close()
  await database.drop()
})

const ask = (service: StartedService, address: string, times: number) =>
  askOften(service, filesPath, times, () => from(address))
const countOf = (statuses: readonly number[], status: number) =>
  statuses.filter((each) => each === status).length

const shared = async (address: string) => {
  const { rows } = await sql<{ used: number }>`
    select sum(used)::int as used from rate_counts where subject = ${`anonymous:${address}`}
  `.execute(second.deps.db)
  return rows[0]?.used ?? 0
}

describe('Two processes', () => {
  it('limit a client together', async () => {
    const served = await ask(first, '203.0.113.1', 2 * QUOTA)
    expect([countOf(served, 200), countOf(served, 429)]).toEqual([QUOTA, QUOTA])
    await eventually(async () => expect(await shared('203.0.113.1')).toBe(QUOTA))
    let more = 0
    await eventually(async () => {
      const [status] = await ask(second, '203.0.113.1', 1)
      if (status === 200) more += 1
      if (status === 200) await sleep(600)
      expect(status).toBe(429)
    })
    expect(more).toBeLessThanOrEqual(3) // it learns of the others when it tells of its own
  })

  it('serve what half a second brings beyond the limit, at most', async () => {
    const until = performance.now() + 3000
    const statuses: number[] = []
    while (performance.now() < until)
      for (const service of [first, second]) statuses.push(...(await ask(service, '203.0.113.2', 4)))
    expect(countOf(statuses, 200)).toBeGreaterThanOrEqual(QUOTA)
    expect(countOf(statuses, 200)).toBeLessThanOrEqual(2 * QUOTA)
    expect(statuses.slice(-4)).toEqual([429, 429, 429, 429])
  })
})

describe('A database that takes no counts', () => {
  it('refuses no request, and gets the counts when it works again', async () => {
    const broken = proxy.breakAt('rate_counts', 'before')
    const served = await ask(first, '203.0.113.3', 5)
    expect(served).toEqual([200, 200, 200, 200, 200])
    await broken
    const more = await ask(first, '203.0.113.3', QUOTA)
    expect([countOf(more, 200), countOf(more, 429)]).toEqual([QUOTA - 5, 5])
    await eventually(async () => expect(await shared('203.0.113.3')).toBe(QUOTA))
    const lines = await readLog(first.logDirectory, 'warn.log')
    expect(
      lines.filter(({ message }) => message.startsWith('Counts of requests are not shared')),
    ).toHaveLength(1)
  })
})

describe('Maintenance', () => {
  it('deletes the counts that no limit needs any more', async () => {
    const { db } = second.deps
    await sql`update rate_counts set minute = minute - 5 where subject = 'anonymous:203.0.113.1'`.execute(db)
    await second.maintain()
    expect(await shared('203.0.113.1')).toBe(0)
    expect(await shared('203.0.113.3')).toBe(QUOTA)
  })
})
