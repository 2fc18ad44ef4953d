import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { download, filesPath, upload } from '../support/client.ts'
import { startDatabaseProxy } from '../support/databaseProxy.ts'
import { processesIn } from '../support/embeddedPostgresOwner.ts'
import { eventually } from '../support/eventually.ts'
import { openRaw } from '../support/rawRequest.ts'

const uncaught = fileURLToPath(new URL('../support/uncaught.ts', import.meta.url))

let installation: Installation
let embedded: Installation

/** The acknowledged and the failed uploads, which the end of the test looks for. */
const acknowledged: { hash: string; bytes: Buffer }[] = []
const unacknowledged: string[] = []

beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  embedded = await createInstallation({ postgres: 'embedded' })
})
afterAll(() => Promise.all([installation.remove(), embedded.remove()]))

const portOf = ({ url }: ChildService) => ({ port: Number(new URL(url).port) })

const isRefused = ({ port }: { port: number }) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy())
    socket.once('error', () => resolve(true)).once('connect', () => resolve(false))
  })

const refusesConnections = (service: ChildService) =>
  eventually(async () => expect(await isRefused(portOf(service))).toBe(true))

/** An upload whose last byte is not sent yet. */
async function beginUpload(service: ChildService, size: number) {
  const bytes = randomBytes(size)
  const hash = createHash('sha256').update(bytes).digest('hex')
  const head = `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`
  const connection = await openRaw(portOf(service), head)
  expect((await connection.answer()).status).toBe(100)
  await connection.write(bytes.subarray(0, -1))
  const finish = async () => {
    await connection.write(bytes.subarray(-1))
    const answer = await connection.answer()
    if (answer.status === 201) acknowledged.push({ hash, bytes })
    return answer
  }
  return { hash, connection, finish }
}

describe('SIGTERM', () => {
  it('lets uploads and downloads finish, takes nothing new, and ends with 0, however often it comes', async () => {
    const service = await installation.start()
    const bytes = randomBytes(12_000_000)
    const { body: file } = await upload(service, bytes)
    const get = `GET ${filesPath}/${file.id}/content HTTP/1.1\r\nHost: x\r\n\r\n`
    const downloading = await openRaw(portOf(service), get)
    downloading.pause()
    const uploads = await Promise.all([1000, 3_000_000].map((size) => beginUpload(service, size)))
    service.signal('SIGTERM')
    await refusesConnections(service)
    service.signal('SIGTERM')
    service.signal('SIGINT')
    for (const { finish, hash } of uploads) {
      expect(await finish()).toMatchObject({ status: 201, body: { file_hash: hash } })
    }
    downloading.resume()
    expect((await downloading.answer()).bytes.equals(bytes)).toBe(true)
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'or %s ends an idle service with 0, whatever connections are open',
    async (signal) => {
      const service = await installation.start({ SHUTDOWN_SECONDS: '3600' })
      const kept = await Promise.all(
        [1, 2].map(() => openRaw(portOf(service), 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')),
      )
      for (const connection of kept) expect((await connection.answer()).status).toBe(200)
      const silent = await openRaw(portOf(service))
      const halfway = await openRaw(portOf(service), 'GET /livez HTTP/1.1\r\nHos')
      service.signal(signal)
      expect(await service.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
      for (const connection of [...kept, silent, halfway]) connection.destroy()
    },
  )

  it.each([
    ['whose client has stopped sending', {}],
    ['that the disk holds up', { FAILPOINTS: 'U5=pause:600000' }],
    ['that the database holds up', { FAILPOINTS: 'U9=pause:600000' }],
  ])('cuts an upload %s when the grace is over', async (_case, env) => {
    const service = await installation.start({ SHUTDOWN_SECONDS: '1', ...env })
    const { connection, finish, hash } = await beginUpload(service, 1000)
    unacknowledged.push(hash)
    const rest = 'FAILPOINTS' in env ? finish() : connection.answer()
    const cut = expect(rest).rejects.toThrow('The connection ended')
    await sleep(300)
    service.signal('SIGTERM')
    await cut
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' })
    connection.destroy()
  })

  it('does not wait for maintenance that has much to do', async () => {
    const shard = join(installation.dataDirectory, 'volume/blobs/00')
    await Promise.all(
      Array.from({ length: 1500 }, () => writeFile(join(shard, randomBytes(16).toString('hex')), '')),
    )
    const service = await installation.start({
      MAINTENANCE_INTERVAL_SECONDS: '1',
      SCAN_SECONDS: '1',
      ORPHAN_HOLD_SECONDS: '0',
      FAILPOINTS: 'S1=pause:2000',
    })
    await eventually(() => expect(service.output().stdout).toContain('Bytes that no table knows'))
    await sleep(1500)
    service.signal('SIGTERM')
    expect((await service.ended).code).toBe(0)
    const { stdout } = await installation.run(['fsck'])
    expect(Number(/^trash: (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(0)
  })

  it('says nothing of the database, which is being told at that moment that the service runs', async () => {
    const proxy = await startDatabaseProxy()
    const service = await installation.start({ DATABASE_URL: proxy.through(installation.databaseUrl ?? '') })
    await proxy.breakAt('from "storages"', 'silence')
    service.signal('SIGTERM')
    await eventually(() => expect(service.output().stdout).toContain('"Stopping"'))
    proxy.cut()
    const { code, stdout } = await service.ended
    await proxy.close()
    expect(code).toBe(0)
    expect(stdout).not.toContain('could not be told')
  })

  it('ends a service with 0 whose log nobody reads any more, and which served on until then', async () => {
    const service = await installation.start({ LOG_LEVEL: 'debug' })
    service.closeConsole()
    for (let count = 0; count < 3; count++) {
      expect(await upload(service, randomBytes(10))).toMatchObject({ status: 201 })
      expect((await download(service, 'nothing')).status).toBe(404)
    }
    service.signal('SIGTERM')
    expect((await service.ended).code).toBe(0)
  })

  it('ends the PostgreSQL of the service with it', async () => {
    const service = await embedded.start()
    const processes = () => processesIn(join(embedded.dataDirectory, 'postgres'))
    const { body: file } = await upload(service, 'kept')
    expect(processes()).not.toEqual([])
    expect(await service.stop()).toMatchObject({ code: 0, stderr: '' })
    expect(processes()).toEqual([])
    const again = await embedded.start()
    expect((await download(again, file.id)).bytes.toString()).toBe('kept')

    const [postmaster = 0] = processes()
    process.kill(postmaster, 'SIGKILL')
    const { code, stdout } = await again.ended
    expect(stdout).toContain('The database of this service ended')
    expect(code).toBe(1)
  })
})

describe('a service whose own PostgreSQL is killed', () => {
  /** Uploads until the service is gone. Returns the statuses. */
  async function keepUploading(service: ChildService): Promise<number[]> {
    const statuses: number[] = []
    for (;;) {
      const status = await upload(service, randomBytes(2000)).then(
        (answer) => answer.status,
        () => undefined,
      )
      if (status === undefined) return statuses
      statuses.push(status)
    }
  }

  it('ends as soon as nothing can succeed any more, and lets a download succeed', async () => {
    const service = await embedded.start({ SHUTDOWN_SECONDS: '3600' }) // longer than the test waits
    const bytes = randomBytes(12_000_000)
    const { body: file } = await upload(service, bytes)
    const head = `GET ${filesPath}/${file.id}/content HTTP/1.1\r\nHost: x\r\n\r\n`
    const reading = await openRaw(portOf(service), head)
    reading.pause()
    const half = await beginUpload(service, 5000)
    const json = await openRaw(
      portOf(service),
      `POST /buckets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
    )
    const uploading = Promise.all(Array.from({ length: 8 }, () => keepUploading(service)))
    await sleep(500)
    const [postmaster = 0] = processesIn(join(embedded.dataDirectory, 'postgres'))
    process.kill(postmaster, 'SIGKILL')
    for (const status of (await uploading).flat()) expect([201, 503]).toContain(status)
    await Promise.all([half.connection.rest(), json.rest()])
    reading.resume()
    expect((await reading.answer()).bytes.equals(bytes)).toBe(true)
    const answered = performance.now()
    expect((await service.ended).code).toBe(1)
    expect(performance.now() - answered).toBeLessThan(5000)
    for (const connection of [reading, half.connection, json]) connection.destroy()

    const again = await embedded.start()
    expect((await download(again, file.id)).bytes.equals(bytes)).toBe(true)
    expect((await again.stop()).code).toBe(0)
  })
})

describe('a bug that nobody caught', () => {
  it.each(['uncaughtException', 'unhandledRejection', 'uncaughtException of something that is no Error'])(
    'as %s is logged, and the service ends with 1 once it has finished what it was doing',
    async (bug) => {
      const service = await installation.start({ NODE_OPTIONS: `--import ${uncaught}`, BUG: bug })
      const { finish } = await beginUpload(service, 5000)
      service.signal('SIGUSR2')
      await refusesConnections(service)
      expect((await finish()).status).toBe(201)
      const { code, stdout } = await service.ended
      expect(code).toBe(1)
      const logged = stdout.split('\n').filter((line) => line.includes('"level":"critical"'))
      expect(logged.length).toBe(1)
      expect(logged[0]).toContain(bug.split(' ')[0])
      if (!bug.includes(' ')) expect(logged[0]).toContain('a bug that nobody caught')
    },
  )
})

describe('after all of this', () => {
  it('every acknowledged upload is there, none that was cut, and no invariant is broken', async () => {
    const service = await installation.start()
    expect(acknowledged.length).toBe(5)
    for (const { hash, bytes } of acknowledged) {
      expect((await download(service, hash)).bytes.equals(bytes)).toBe(true)
    }
    for (const hash of unacknowledged) expect((await download(service, hash)).status).toBe(404)
    expect(await installation.run(['fsck', '--deep'])).toMatchObject({ code: 0 })
    expect((await service.stop()).code).toBe(0)
  })
})
