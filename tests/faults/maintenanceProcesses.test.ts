import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { connectDatabase, type DatabaseConnection } from '../../src/database/connection/connect.ts'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { comeToRest, maintenanceAllTheTime } from '../support/killing.ts'
import { Ledger, listAll } from '../support/ledger.ts'
import { openRaw } from '../support/rawRequest.ts'
import { makeTraffic } from '../support/traffic.ts'

let installation: Installation
let database: DatabaseConnection

beforeEach(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  database = connectDatabase({ connectionString: installation.databaseUrl, max: 1, prepare: false }, () => {})
})
afterEach(async () => {
  await database.db.destroy()
  await installation.remove()
})

/** A number that the database knows. */
async function ask(question: string): Promise<number> {
  const { rows } = await sql.raw<{ count: number }>(question).execute(database.db)
  return rows[0]?.count ?? -1
}

const start = (env: Record<string, string> = {}) => installation.start({ ...maintenanceAllTheTime, ...env })

describe('two services on one database and one volume', () => {
  it('keep every promise together, and one of them at a time does maintenance', async () => {
    // Each round takes long enough that both would be at it, if both could.
    const services = await Promise.all([
      start({ FAILPOINTS: 'R1=pause:300' }),
      start({ FAILPOINTS: 'R1=pause:300' }),
    ])
    const ledger = new Ledger()
    let over = false
    const [leaders] = await Promise.all([
      watchLeaders(4000).finally(() => {
        over = true
      }),
      ...services.map((service) => makeTraffic(service, ledger, { callers: 4, stopped: () => over })),
    ])
    expect(Math.max(...leaders)).toBe(1)
    for (const service of services) {
      await ledger.settle(service)
      await ledger.compare(service)
    }
    for (const outcome of await Promise.all(services.map((service) => service.stop()))) {
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
      expect(outcome.stdout).not.toMatch(/"level":"(error|critical)"/)
    }
    await comeToRest(installation, ledger)
    expect(ledger.broken).toEqual([])
    expect(ledger.counts.acknowledged).toBeGreaterThan(5) // a busy disk syncs a few a second
  })

  /** How many hold the leader's lock, asked again and again. */
  async function watchLeaders(milliseconds: number): Promise<number[]> {
    const seen: number[] = []
    for (const until = performance.now() + milliseconds; performance.now() < until; await sleep(20)) {
      const database = 'select oid from pg_database where datname = current_database()'
      const held = `locktype = 'advisory' and mode = 'ExclusiveLock' and granted and database = (${database})`
      seen.push(await ask(`select count(*) as count from pg_locks where ${held}`))
    }
    return seen
  }
})

describe('a service that is frozen in the middle of an upload', () => {
  it.each([
    ['and its intent is reaped', '1', 503, 'upload-fenced'],
    ['and nobody reaps its intent', '3600', 409, 'idempotent-request-running'],
  ])(
    'stores nothing beside the file of the one that took over its Idempotency-Key, %s',
    async (_case, MAINTENANCE_INTERVAL_SECONDS, status, code) => {
      const services = await Promise.all([
        start({ MAINTENANCE_INTERVAL_SECONDS: '3600' }),
        start({ MAINTENANCE_INTERVAL_SECONDS }),
      ])
      const [frozen, other] = services
      const bytes = randomBytes(1000)
      const options = {
        query: '?duplicates=allow',
        headers: { 'idempotency-key': 'taken-over' },
        name: 'once',
      }
      const connection = await beginUpload(frozen, bytes)
      await eventually(async () =>
        expect(await ask('select count(*) as count from intents')).toBeGreaterThan(0),
      )
      const newest = await ask('select max(sequence) as count from intents')
      expect((await send(frozen, '/readyz')).status).toBe(200) // by now the upload knows of its intent
      frozen.signal('SIGSTOP')
      const stored = await eventually(async () => {
        const answer = await upload(other, bytes, options)
        expect(answer.status).toBe(201)
        return answer.body
      })
      const left = `select count(*) as count from intents where sequence <= ${newest}`
      if (status === 503) await eventually(async () => expect(await ask(left)).toBe(0))

      frozen.signal('SIGCONT')
      await connection.write(bytes.subarray(-1))
      expect(await connection.answer()).toBeProblem(status, code)
      connection.destroy()
      expect((await listAll(other)).map(({ id }) => id)).toEqual([stored.id])
      expect((await upload(frozen, bytes, options)).body).toEqual({
        ...stored,
        content_url: expect.anything(),
      })
      for (const { code } of await Promise.all(services.map((service) => service.stop())))
        expect(code).toBe(0)
    },
  )

  /** Sends all but the last byte. */
  async function beginUpload({ url }: ChildService, bytes: Buffer) {
    const target = `${filesPath}?file_name=once&duplicates=allow`
    const head = `PUT ${target} HTTP/1.1\r\nHost: x\r\nIdempotency-Key: taken-over\r\nContent-Length: ${bytes.length}\r\n\r\n`
    const connection = await openRaw({ port: Number(new URL(url).port) }, head)
    await connection.write(bytes.subarray(0, -1))
    return connection
  }
})
