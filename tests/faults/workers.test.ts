import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { connectDatabase, type DatabaseConnection } from '../../src/database/connection/connect.ts'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { download, filesPath, send, upload } from '../support/client.ts'
import { processesIn } from '../support/embeddedPostgresOwner.ts'
import { eventually } from '../support/eventually.ts'
import { comeToRest } from '../support/killing.ts'
import { Ledger } from '../support/ledger.ts'
import { type LogLine, readLog } from '../support/logs.ts'
import { openRaw, type RawConnection } from '../support/rawRequest.ts'
import { makeTraffic } from '../support/traffic.ts'
import { workersOf } from '../support/workersOf.ts'

let installation: Installation
let embedded: Installation
let database: DatabaseConnection

beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  database = connectDatabase({ connectionString: installation.databaseUrl, max: 1, prepare: false }, () => {})
  embedded = await createInstallation({ postgres: 'embedded' })
})
afterAll(async () => {
  await database.db.destroy()
  await Promise.all([installation.remove(), embedded.remove()])
})

/** A number that the database knows. */
async function ask(question: string): Promise<number> {
  const { rows } = await sql.raw<{ count: number }>(question).execute(database.db)
  return rows[0]?.count ?? -1
}

const start = (env: Record<string, string> = {}) => installation.start({ WORKERS: '2', ...env })

const portOf = ({ url }: Pick<ChildService, 'url'>) => ({ port: Number(new URL(url).port) })

/** The lines of the console. Throws when one of them is no JSON. */
const linesOf = ({ stdout }: { readonly stdout: string }): LogLine[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const messagesOf = (said: { readonly stdout: string }) => linesOf(said).map(({ message }) => message)

const livez = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'

/** Connections that are kept open after an answer; enough of them that each worker has some. */
async function keepConnections(service: ChildService): Promise<RawConnection[]> {
  const kept: RawConnection[] = []
  while (kept.length < 24) {
    const connection = await openRaw(portOf(service), livez)
    expect((await connection.answer()).status).toBe(200)
    kept.push(connection)
  }
  return kept
}

/** Uploads whose last byte is not sent yet, on each worker some. */
async function beginUploads(service: ChildService) {
  const begun = []
  while (begun.length < 12) {
    const bytes = randomBytes(5000)
    const head = `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${bytes.length}\r\n\r\n`
    const connection = await openRaw(portOf(service), head)
    expect((await connection.answer()).status).toBe(100)
    await connection.write(bytes.subarray(0, -1))
    begun.push({ bytes, connection })
  }
  return begun
}

const isRefused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy())
    socket.once('error', () => resolve(true)).once('connect', () => resolve(false))
  })

describe('two workers', () => {
  it('share a port; when one is killed the other serves on, and another takes the place', async () => {
    const service = await start()
    expect(messagesOf(service.output()).filter((message) => /^Listening/.test(message))).toHaveLength(1)
    const [killed = 0, other = 0, ...more] = workersOf(service.pid)
    expect(more).toEqual([])
    const kept = await keepConnections(service)
    process.kill(killed, 'SIGKILL')
    const answers = await Promise.all(
      kept.map(async (connection) => {
        await sleep(500)
        await connection.write(livez)
        return await connection.answer().then(({ status }) => status, String)
      }),
    )
    expect(answers).toContain(200)
    expect(answers).toContainEqual(expect.stringContaining('The connection ended'))
    for (const connection of kept) connection.destroy()
    expect((await send(service, '/livez')).status).toBe(200)

    await eventually(() =>
      expect(service.output().stdout).toContain('A worker took the place of one that ended'),
    )
    const [first, ...others] = workersOf(service.pid)
    expect(others).toHaveLength(1)
    expect([first, ...others]).toContain(other)
    const outcome = await service.stop()
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const ends = linesOf(outcome).filter(({ message }) => message === 'A worker ended')
    expect(ends).toEqual([expect.objectContaining({ level: 'error', pid: killed, signal: 'SIGKILL' })])
  })

  it('listen when both could, not before', async () => {
    const [port, gate] = [await freePort(), join(installation.dataDirectory, 'gate')]
    // The second worker waits for a file before it does anything.
    const wait = `while(cluster.worker?.id===2&&!fs.existsSync('${gate}'))Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,50)`
    const NODE_OPTIONS = `--import ${toModule(`import fs from 'node:fs';import cluster from 'node:cluster';${wait}`)}`
    const starting = start({ PORT: String(port), NODE_OPTIONS })
    // The primary shows that it runs, and the first worker.
    const present = `select count(*) from pg_locks where locktype = 'advisory' and classid::bigint = ${0x75706677}
      and granted and database = (select oid from pg_database where datname = current_database())`
    await eventually(async () => expect(await ask(present)).toBe(2))
    await sleep(3000)
    expect(await isRefused(port)).toBe(true)
    await writeFile(gate, '')
    const service = await starting
    expect((await send(service, '/readyz')).status).toBe(200)
    expect((await service.stop()).code).toBe(0)
  })

  it('keep every promise while they are killed', async () => {
    const service = await start({ LEASE_SECONDS: '3' })
    const ledger = new Ledger()
    let over = false
    const traffic = makeTraffic(service, ledger, { callers: 8, stopped: () => over })
    for (let kills = 1; kills <= 4; kills++) {
      await sleep(700)
      process.kill(workersOf(service.pid)[kills % 2] ?? Number.NaN, 'SIGKILL')
      const replaced = () => messagesOf(service.output()).filter((message) => /took the place/.test(message))
      await eventually(() => expect(replaced()).toHaveLength(kills))
    }
    over = true
    await traffic
    await ledger.settle(service)
    await ledger.compare(service)
    expect((await service.stop()).code).toBe(0)
    await comeToRest(installation, ledger)
    expect(ledger.broken).toEqual([])
    expect(ledger.counts.acknowledged).toBeGreaterThan(5) // a busy disk syncs a few a second
  })

  it('write every line whole, once, to the console and to files that rotate', async () => {
    const LOG_DIR = join(installation.dataDirectory, 'logs')
    const service = await start({ LOG_DIR, LOG_LEVEL: 'debug' })
    const requests = 1800
    const path = `/${'x'.repeat(3000)}`
    let next = 0
    const call = async () => {
      while (next < requests) {
        const id = `whole-${next++}`
        expect((await send(service, path, { headers: { 'x-request-id': id } })).status).toBe(404)
      }
    }
    await Promise.all(Array.from({ length: 24 }, call))
    const outcome = await service.stop()
    expect(outcome.code).toBe(0)
    const files = (await readdir(LOG_DIR)).filter((name) => name.startsWith('debug'))
    expect(files.length).toBeGreaterThan(1)
    const inFiles = (await Promise.all(files.map((file) => readLog(LOG_DIR, file)))).flat()
    for (const lines of [linesOf(outcome), inFiles]) {
      const ids = lines
        .filter(({ message }) => message === 'Request')
        .flatMap(({ request_id }) => (request_id?.startsWith('whole-') ? request_id : []))
      expect(ids).toHaveLength(requests)
      expect(new Set(ids).size).toBe(requests)
    }
    expect((await readLog(LOG_DIR, 'info.log')).map(({ message }) => message)).not.toContain('Request')
  })

  it('leave maintenance to their primary', async () => {
    const service = await start({ MAINTENANCE_INTERVAL_SECONDS: '1', FAILPOINTS: 'R1=pause:300' })
    const workers = workersOf(service.pid)
    for (const pid of workers) process.kill(pid, 'SIGSTOP')
    const held = `select count(*) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`
    await eventually(async () => expect(await ask(held)).toBe(1))
    await eventually(async () => expect(await ask(held)).toBe(0))
    await eventually(async () => expect(await ask(held)).toBe(1))
    for (const pid of workers) process.kill(pid, 'SIGCONT')
    for (let looks = 0; looks < 100; looks++) {
      expect(await ask(held)).toBeLessThanOrEqual(1)
      await sleep(20)
    }
    expect((await service.stop()).code).toBe(0)
  })
})

describe('the limits of a service with workers', () => {
  it('are those of one process: connections above MAX_CONNECTIONS are closed', async () => {
    const service = await start({ MAX_CONNECTIONS: '4' })
    const connections = await Promise.all(Array.from({ length: 10 }, () => openRaw(portOf(service), livez)))
    const answers = await Promise.all(
      connections.map((connection) => connection.answer().then(({ status }) => status, String)),
    )
    expect(answers.filter((answer) => answer === 200).length).toBeLessThanOrEqual(4)
    expect(answers).toContain(200)
    for (const connection of connections) connection.destroy()
    expect((await service.stop()).code).toBe(0)
  })

  it('divide DB_POOL_SIZE among the workers', async () => {
    const service = await start({ DB_POOL_SIZE: '4' })
    const { body: file } = await upload(service, randomBytes(100))
    let over = false
    const call = async () => {
      while (!over) expect((await send(service, `${filesPath}/${file.id}`)).status).toBe(200)
    }
    const calling = Promise.all(Array.from({ length: 24 }, call))
    const used = `select count(*) from pg_stat_activity
      where datname = current_database() and application_name = 'upfile'`
    let most = 0
    for (let looks = 0; looks < 20; looks++) {
      await sleep(50)
      most = Math.max(most, await ask(used))
    }
    over = true
    await calling
    // Two for each of three processes, and one with which each shows that it runs; one is this test's.
    expect(most).toBeLessThanOrEqual(10)
    expect(most).toBeGreaterThan(5)
    expect((await service.stop()).code).toBe(0)
  })
})

describe('the end of a service with workers', () => {
  it.each([
    ['SIGTERM to the primary', 'SIGTERM', false],
    ['Ctrl-C in a terminal, which all processes get,', 'SIGINT', true],
  ] as const)('by %s lets the uploads of all workers finish', async (_case, signal, toAll) => {
    const service = await start()
    const uploads = await beginUploads(service)
    const pids = [service.pid, ...(toAll ? workersOf(service.pid) : [])]
    for (const pid of pids) process.kill(pid, signal)
    await eventually(async () => expect(await isRefused(portOf(service).port)).toBe(true))
    for (const pid of pids) process.kill(pid, signal)
    for (const { bytes, connection } of uploads) {
      await connection.write(bytes.subarray(-1))
      expect((await connection.answer()).status).toBe(201)
    }
    const outcome = await service.ended
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const messages = messagesOf(outcome).filter((message) => message !== 'Request')
    expect(messages.slice(-2)).toEqual(['Stopping', 'Stopped'])
    expect(messages.filter((message) => /^(Stop|A worker)/.test(message))).toHaveLength(2)
  })

  it('cuts what takes longer than the grace', async () => {
    const service = await start({ SHUTDOWN_SECONDS: '1' })
    const uploads = await beginUploads(service)
    service.signal('SIGTERM')
    for (const { connection } of uploads)
      await expect(connection.answer()).rejects.toThrow('The connection ended')
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('by a kill of the primary is the end of its workers and its PostgreSQL, and loses nothing', async () => {
    const env = { WORKERS: '2', PORT: String(await freePort()) }
    const service = await embedded.start(env)
    const { body: file } = await upload(service, 'kept')
    const left = [...workersOf(service.pid), ...processesIn(join(embedded.dataDirectory, 'postgres'))]
    expect(left.length).toBeGreaterThan(2)
    process.kill(service.pid, 'SIGKILL')
    const again = await embedded.start(env)
    expect(left.filter(isRunning)).toEqual([])
    expect((await download(again, file.id)).bytes.toString()).toBe('kept')
    expect((await again.stop()).code).toBe(0)
  })

  it('comes soon after the end of its PostgreSQL, with 1', async () => {
    const service = await embedded.start({ WORKERS: '2', SHUTDOWN_SECONDS: '3600' }) // longer than the test waits
    const uploads = await beginUploads(service)
    const [postmaster = 0] = processesIn(join(embedded.dataDirectory, 'postgres'))
    process.kill(postmaster, 'SIGKILL')
    const { code, stdout } = await service.ended
    expect(code).toBe(1)
    expect(stdout).toContain('The database of this service ended')
    for (const { connection } of uploads) connection.destroy()
  })

  it('comes with 1 when no worker can start', async () => {
    const NODE_OPTIONS = `--import ${toModule(`process.argv.includes('--worker')&&process.exit(7)`)}`
    const { code, stdout } = await installation.run(['serve'], { WORKERS: '2', NODE_OPTIONS })
    expect(code).toBe(1)
    expect(stdout).toContain('workers in a row ended soon after their start: the service ends')
    expect(stdout).toContain('"code":7')
  })
})

const toModule = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
