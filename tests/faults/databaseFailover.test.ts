import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { download, filesPath, putRaw } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { comeToRest, inspect, maintenanceAllTheTime, verify } from '../support/killing.ts'
import { Ledger, listAll } from '../support/ledger.ts'
import { openRaw } from '../support/rawRequest.ts'
import { type ReplicatedPostgres, startReplicatedPostgres } from '../support/replicatedPostgres.ts'
import { makeTraffic } from '../support/traffic.ts'

const ROUNDS = Number(process.env.FAILOVERS ?? 2)
const CALLERS = 12

let postgres: ReplicatedPostgres
let installation: Installation

beforeAll(async () => {
  postgres = await startReplicatedPostgres()
  installation = await createInstallation({ postgres: { url: postgres.url } })
})
afterAll(async () => {
  await installation.remove()
  await postgres.remove()
})

describe('a standby that every commit waits for', () => {
  it('has the start warn of a service that does not wait', async () => {
    await postgres.addStandby()
    const hasty = `${postgres.url}?options=${encodeURIComponent('-c synchronous_commit=local')}`
    const starts = [await installation.start({ DATABASE_URL: hasty }), await installation.start()]
    const [hastily, carefully] = await Promise.all(
      starts.map(async (service) => (await service.stop()).stdout),
    )
    expect(hastily).toContain('PostgreSQL has synchronous_commit=local: a failover to a standby could lose')
    expect(carefully).not.toContain('synchronous_commit')
  })

  it(
    'takes over without an acknowledged file lost, whatever only the primary had when it was killed',
    async () => {
      const ledger = new Ledger()
      const { counts } = ledger
      const service = await installation.start(maintenanceAllTheTime)
      for (let round = 0; round < ROUNDS; round++) {
        await postgres.addStandby()
        await underTraffic(service, ledger, async () => {
          await acknowledged(counts, 60)
          postgres.separate()
          await silence(counts)
          await postgres.killPrimary()
          if (round % 2 === 1) await bringBack()
          await postgres.failOver()
          await acknowledged(counts, 30)
        })
        await verify(service, ledger)
        await inspect(installation, ledger)
        expect(ledger.broken).toEqual([])
      }
      expect((await service.stop()).code).toBe(0)
      await comeToRest(installation, ledger)
      expect(ledger.broken).toEqual([])
      if (process.env.FAILOVERS) process.stdout.write(`${JSON.stringify(counts)}\n`)
    },
    60_000 + ROUNDS * 30_000,
  )
})

describe('what only the primary has, when it was killed and is back without its standby', () => {
  let service: ChildService
  beforeAll(async () => {
    // The keys at hand must last: without its standby the primary has no others.
    service = await installation.start({ ...maintenanceAllTheTime, LEASE_SECONDS: '120' })
  })
  beforeEach(() => postgres.addStandby())
  afterAll(async () => {
    await service.stop()
  })

  it('is told to nobody: not to who sent it, not with its key, not as a file that exists', async () => {
    const [name, bytes, keyedBytes] = [randomUUID(), randomBytes(2000), randomBytes(2000)]
    const store = () => putRaw(service, bytes, { query: `?file_name=${name}` })
    const sendKeyed = () => openRaw({ port: Number(new URL(service.url).port) }, keyedHead(name, keyedBytes))
    await eventually(async () => expect((await putRaw(service, randomBytes(10))).status).toBe(201))

    const keyed = await sendKeyed()
    await eventually(async () =>
      expect(await postgres.ask(`select from idempotency where key = '${name}'`)).toHaveLength(1),
    )
    postgres.separate()
    const first = store()
    void keyed.write(keyedBytes)
    await commitsWaiting(/commit_new_files/, /^commit$/)
    await postgres.killPrimary()
    await postgres.restartPrimary()
    const again = store()
    const replay = await sendKeyed()
    void replay.write(keyedBytes)
    await commitsWaiting(/update installation/, /insert into idempotency/, /delete from "intents" .* = \$1/)
    await postgres.killPrimary()
    await postgres.failOver()

    const answers = await Promise.all([first, keyed.answer(), again, replay.answer()])
    for (const answer of answers) expect(answer).toBeProblem(503, 'database-unavailable')
    for (const connection of [keyed, replay]) connection.destroy()
    expect((await listAll(service)).filter(({ file_name }) => file_name.startsWith(name))).toEqual([])
    expect(await store()).toMatchObject({ status: 201 })
  })

  it('has no bytes removed that the standby still needs', async () => {
    const bytes = randomBytes(2000)
    const { body } = await eventually(async () => {
      const stored = await putRaw(service, bytes)
      expect(stored.status).toBe(201)
      return stored
    })
    await roundsOfMaintenance()
    postgres.separate()
    const [row] = await postgres.ask(`
      with gone as (delete from files where id = '${body.id}' returning blob_id) select blob_id from gone`)
    await postgres.ask(`
      with gone as (delete from blobs where id = ${row?.blob_id} returning storage_key)
      insert into trash (storage_key, reason, remove_after) select storage_key, 'unreferenced', now() from gone`)
    await roundsOfMaintenance()
    await postgres.killPrimary()
    await postgres.failOver()
    await eventually(async () => expect((await download(service, body.id)).bytes.equals(bytes)).toBe(true))
  })

  /** Resolves when such statements are done but for their standby. */
  const commitsWaiting = (...statements: readonly RegExp[]) =>
    eventually(async () => {
      const rows = await postgres.ask(`select query from pg_stat_activity where wait_event = 'SyncRep'`)
      const waiting = rows.map(({ query }) => String(query))
      for (const statement of statements) expect(waiting).toContainEqual(expect.stringMatching(statement))
    })

  const roundsOfMaintenance = () =>
    sleep(Number(maintenanceAllTheTime.MAINTENANCE_INTERVAL_SECONDS) * 2000 + 500)
})

const keyedHead = (name: string, { length }: Buffer) =>
  `PUT ${filesPath}?file_name=${name}-keyed HTTP/1.1\r\nHost: x\r\nIdempotency-Key: ${name}\r\nContent-Length: ${length}\r\n\r\n`

async function underTraffic(service: ChildService, ledger: Ledger, work: () => Promise<void>) {
  let stopped = false
  const traffic = makeTraffic(service, ledger, { callers: CALLERS, stopped: () => stopped })
  await work().finally(() => {
    stopped = true
  })
  await traffic
}

/** The primary is there again, with everything that it never acknowledged; and is killed again. */
async function bringBack() {
  await postgres.restartPrimary()
  await sleep(1500)
  await postgres.killPrimary()
}

async function acknowledged(counts: Ledger['counts'], more: number) {
  const enough = counts.acknowledged + more
  await eventually(() => expect(counts.acknowledged).toBeGreaterThan(enough))
}

/** Waits until nothing is acknowledged any more. */
async function silence(counts: Ledger['counts']) {
  await eventually(async () => {
    const before = counts.acknowledged
    await sleep(300)
    expect(counts.acknowledged).toBe(before)
  })
}
