import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { migrateUp } from '../../src/database/connection/migrate.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { download, filesPath, putRaw, send } from '../support/client.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../support/databaseProxy.ts'
import { dataParent } from '../support/dataParent.ts'
import { eventually } from '../support/eventually.ts'
import { type StartedService, startService } from '../support/service.ts'

const CRASHES = 4

let directory: string
let postgres: EmbeddedPostgres
let proxy: DatabaseProxy
let service: StartedService

/** With few connections, so that a pool can ask for more than there are. */
const start = () =>
  startEmbeddedPostgres({ directory, database: 'upfile', log: () => {}, settings: { max_connections: '12' } })

beforeAll(async () => {
  directory = await mkdtemp(join(dataParent(), 'upfile-crash-'))
  postgres = await start()
  const { db } = connectDatabase({ ...postgres.connection, max: 1, prepare: false }, () => {})
  await migrateUp(db)
  await db.destroy()
  proxy = await startDatabaseProxy(() => postgres.connection.host)
  const { user, database } = postgres.connection
  const url = proxy.through(`postgres://${user}@/${database}`)
  service = await startService({ DATABASE_URL: url, LEASE_SECONDS: '3', DB_POOL_SIZE: '40' })
})
afterAll(async () => {
  await service.stop()
  await proxy.close()
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
})

/** What `pg_ctl stop -m immediate` does: no checkpoint, no goodbye; the next start has to recover. */
async function crash() {
  process.kill(postgres.pid, 'SIGQUIT')
  await postgres.exited
  // The callers would take all connections before the start has asked whether the database exists.
  await proxy.refuse()
  postgres = await start()
  await proxy.accept()
}

describe('a PostgreSQL that crashes under load', () => {
  it('loses no acknowledged file, and makes one of each that is sent again with its key', async () => {
    const stored = new Map<string, Buffer>()
    const unsettled: (() => Promise<number>)[] = []
    const others = new Set<number>()
    let stopped = false

    async function store(bytes: Buffer, name: string, keyed: boolean): Promise<number> {
      const headers: Record<string, string> = keyed ? { 'idempotency-key': name } : {}
      const { status, body } = await putRaw(service, bytes, { query: `?file_name=${name}`, headers })
      if (status === 201) stored.set(body.id, bytes)
      else others.add(status)
      return status
    }
    async function caller(number: number) {
      while (!stopped) {
        const [bytes, name, keyed] = [randomBytes(2000), randomUUID(), number % 2 === 0] as const
        const status = await store(bytes, name, keyed)
        if (status !== 201 && keyed) unsettled.push(() => store(bytes, name, true))
        if (status !== 201) await sleep(20)
      }
    }
    const callers = Promise.all(Array.from({ length: 8 }, (_, number) => caller(number)))
    for (let crashes = 0; crashes < CRASHES; crashes++) {
      const enough = stored.size + 25
      await eventually(() => expect(stored.size).toBeGreaterThan(enough))
      await crash()
    }
    stopped = true
    await callers

    // A key whose outcome nobody knew is taken until its lease is over.
    for (const again of unsettled) await eventually(async () => expect(await again()).toBe(201))
    expect([...others].filter((status) => status !== 503 && status !== 409)).toEqual([])
    for (const [id, bytes] of stored) expect((await download(service, id)).bytes.equals(bytes)).toBe(true)
    const names = (await service.deps.db.selectFrom('files').select('name').execute()).map(({ name }) => name)
    expect(names.length).toBe(new Set(names).size)
    await sleep(3100)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  }, 60_000)

  it('and has no connection left makes callers repeat what they asked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => send(service, `${filesPath}?count=exact`)),
    )
    const refused = answers.filter(({ status }) => status !== 200)
    for (const answer of refused) expect(answer).toBeProblem(503, 'database-unavailable')
    expect(refused.length).toBeGreaterThan(0)
    expect((await send(service, filesPath)).status).toBe(200)
  })
})
