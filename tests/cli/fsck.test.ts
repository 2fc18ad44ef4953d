import { randomBytes } from 'node:crypto'
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { findRunningPostgres } from '../../src/database/embeddedPostgres/running.ts'
import { createInstallation, type Installation } from '../support/childService.ts'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { Ledger } from '../support/ledger.ts'
import { createDatabase } from '../support/postgres.ts'
import { runUpfile, type Said } from '../support/runUpfile.ts'
import { createS3FaultProxy } from '../support/s3Faults.ts'
import { type StartedService, startService } from '../support/service.ts'
import { makeTraffic } from '../support/traffic.ts'
import { bytesOf, volumeOf } from '../support/volume.ts'

let database: Awaited<ReturnType<typeof createDatabase>>
let service: StartedService

beforeAll(async () => {
  database = await createDatabase()
  service = await startService({ DATABASE_URL: database.url })
})
afterAll(async () => {
  await service.stop()
  await database.drop()
})

const fsck = (...words: string[]): Promise<Said> => fsckWith({}, ...words)
const fsckWith = (env: Record<string, string>, ...words: string[]): Promise<Said> =>
  runUpfile(['fsck', ...words], { ...service.settings, ...env })
const run = (statement: string) => sql.raw(statement).execute(service.deps.db)

async function stored(): Promise<{ file: FileBody; key: string }> {
  const { body: file } = await upload(service, randomBytes(100))
  const { rows } = await sql<{ key: string }>`
    select storage_key as key from blobs join files on blob_id = blobs.id where files.id = ${file.id}::uuid
  `.execute(service.deps.db)
  return { file, key: rows[0]?.key ?? '' }
}

const isVolume = () => service.deps.config.storage.kind === 'volume'
const newKey = () => `ab/${randomBytes(16).toString('hex')}`

describe('fsck of sound data', () => {
  it('prints how much there is, finds nothing, and ends with 0', async () => {
    const { file: deleted } = await stored()
    for (let count = 0; count < 4; count++) await stored()
    await upload(service, 'shared'.repeat(10))
    await upload(service, 'shared'.repeat(10), { query: '?duplicates=allow' }) // its bytes are in the trash
    await send(service, `${filesPath}/${deleted.id}`, { method: 'DELETE' })
    for (const words of [[], ['--deep']]) {
      const { code, stdout, stderr } = await fsck(...words)
      const { intents } = (await service.findEverything({ deep: false })).counts
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toBe(
        `files: 6\ndeleted files: 1\nblobs: 6\ndamaged blobs: 0\nintents: ${intents}\ntrash: 1\nstored keys: 7\nviolations: 0\n`,
      )
    }
  })

  it('names a blob that the disk does not give, and goes on with the others', async () => {
    const { key } = await stored()
    const { blobs = 0 } = (await service.findEverything({ deep: false })).counts
    // One after the other, in the order of their age: this one is the last. On a volume each is opened, and then read.
    const passes = isVolume() ? 2 * blobs : blobs
    const { code, stdout, stderr } = await fsckWith({ FAILPOINTS: `READ=EIO@${passes}` }, '--deep')
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(new RegExp(`^I1 violated: blob \\d+, ${key}, .*: they cannot be read: .*EIO`, 'm'))
    expect(stdout).toMatch(/^violations: 1$/m)
    expect((await fsck('--deep')).code).toBe(0)
  })

  it('mends wrong counts with --repair, while the service runs', async () => {
    await send(service, '/buckets', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'counted', max_bytes: 1000 }),
    })
    await upload(service, randomBytes(100), { fields: { bucket: 'counted' } })
    await run('update allowances set used_bytes = 40, used_files = 3, reserved_bytes = 7')
    const sentence =
      'the allowance of bucket:counted: bytes is 60 too low, files is 2 too high, reservedBytes is 7 too high'
    const found = await fsck()
    expect([found.code, found.stderr]).toEqual([1, ''])
    expect(found.stdout).toContain(`I7 violated: ${sentence}\n`)
    const mended = await fsck('--repair')
    expect([mended.code, mended.stderr]).toEqual([0, ''])
    expect(mended.stdout).toContain(`I7 was violated, and is mended: ${sentence}\n`)
    expect(mended.stdout).toMatch(/^violations: 0$/m)
    expect((await fsck()).code).toBe(0)
    const { body } = await send(service, '/buckets/counted')
    expect(body.usage).toEqual({ bytes: 100, files: 1, deleted_bytes: 0 })
  })

  it('takes its time, whatever limit the role or the database sets to a statement', async () => {
    const { db } = service.deps
    const [, name = ''] = /@\/(\w+)\?/.exec(database.url) ?? []
    await run(`alter database ${name} set statement_timeout = '1s'`)
    const trx = await db.startTransaction().execute()
    await sql`lock table trash in access exclusive mode`.execute(trx)
    const checking = fsck()
    await eventually(async () => {
      const waiting = sql`select from pg_stat_activity where datname = ${name} and wait_event_type = 'Lock'`
      expect((await waiting.execute(db)).rows).not.toEqual([])
    })
    await sleep(1500)
    await trx.rollback().execute()
    await run(`alter database ${name} reset statement_timeout`)
    expect(await checking).toMatchObject({ code: 0, stderr: '' })
  })

  it('finds nothing while files come and go', async () => {
    const ledger = new Ledger()
    let over = false
    const check = async () => {
      for (const until = performance.now() + 4000; performance.now() < until; ) {
        await service.maintain()
        expect(await service.violations()).toEqual([])
      }
    }
    await Promise.all([
      makeTraffic(service, ledger, { callers: 3, stopped: () => over }),
      check().finally(() => {
        over = true
      }),
    ])
    expect(ledger.counts.acknowledged).toBeGreaterThan(20)
    expect(ledger.broken).toEqual([])
  })
})

describe('fsck', () => {
  const deepOnly = 'a flipped bit'
  const kinds: Record<string, () => Promise<RegExp>> = {
    'a blob without bytes': async () => {
      const { key } = await stored()
      await bytesOf(service).change(key, () => undefined)
      return new RegExp(`^I2 violated: blob \\d+, ${key}, sha256 [0-9a-f]{64}: there are no bytes$`, 'm')
    },
    'a blob with too few bytes': async () => {
      const { key } = await stored()
      await bytesOf(service).change(key, (bytes) => bytes.subarray(0, 99))
      return new RegExp(`^I2 violated: blob \\d+, ${key}, .*: there are 99 bytes instead of 100$`, 'm')
    },
    [deepOnly]: async () => {
      const { key } = await stored()
      await bytesOf(service).change(key, (bytes) => bytes.fill(bytes.readUInt8(50) ^ 1, 50, 51))
      return new RegExp(`^I6 violated: blob \\d+, ${key}, .*: their SHA-256 differs$`, 'm')
    },
    'a blob that was found damaged': async () => {
      const { key } = await stored()
      const { rows } = await sql<{ id: number }>`
        update blobs set damaged_at = now() where storage_key = ${key} returning id
      `.execute(service.deps.db)
      return new RegExp(`^I6 violated: blob ${rows[0]?.id} is marked as damaged$`, 'm')
    },
    'a storage key in two tables': async () => {
      const { key } = await stored()
      await run(
        `insert into trash (storage_key, reason, remove_after) values ('${key}', 'orphan', 'infinity')`,
      )
      return new RegExp(`^I3 violated: storage key ${key} is in 2 tables$`, 'm')
    },
    'finished bytes that nobody knows': async () => {
      const key = newKey()
      await bytesOf(service).plant(`blobs/${key}`)
      return new RegExp(`^I4 violated: the bytes under ${key} are in no table$`, 'm')
    },
    'unfinished bytes that nobody knows': async () => {
      const key = newKey()
      await bytesOf(service).begin(key)
      return new RegExp(`^I4 violated: the bytes under ${key} are in no table$`, 'm')
    },
    'a file and a blob of other sizes': async () => {
      const { file } = await stored()
      await run(`update files set size = size + 1 where id = '${file.id}'`)
      return new RegExp(`^I2 violated: file ${file.id} and its blob \\d+ differ in bucket or size$`, 'm')
    },
    'a file and a blob in other buckets': async () => {
      const { file } = await stored()
      await run(
        `update blobs set bucket = 'elsewhere' where id = (select blob_id from files where id = '${file.id}')`,
      )
      return new RegExp(`^I2 violated: file ${file.id} and its blob \\d+ differ in bucket or size$`, 'm')
    },
    'a file without a blob': async () => {
      const { file, key } = await stored()
      await run('alter table files drop constraint files_blob_id_fkey')
      await run(`delete from blobs where storage_key = '${key}'`)
      await bytesOf(service).change(key, () => undefined)
      return new RegExp(`^I2 violated: file ${file.id} has no blob$`, 'm')
    },
  }

  const names = Object.keys(kinds)
  const sentences = new Map<string, RegExp>()
  let shallow: Said
  let deep: Said

  beforeAll(async () => {
    for (const name of names) sentences.set(name, (await kinds[name]?.()) ?? /^$/)
    shallow = await fsck()
    deep = await fsck('--deep')
  })

  it.each(names)('finds %s', (name) => {
    expect(deep.stdout).toMatch(sentences.get(name) ?? '')
    if (name === deepOnly) expect(shallow.stdout).not.toMatch(sentences.get(name) ?? '')
    else expect(shallow.stdout).toMatch(sentences.get(name) ?? '')
  })

  it('counts what it finds, nothing twice, and ends with 1', () => {
    expect([shallow.code, shallow.stderr]).toEqual([1, ''])
    expect([deep.code, deep.stderr]).toEqual([1, ''])
    expect(shallow.stdout).toMatch(new RegExp(`^violations: ${names.length - 1}$`, 'm'))
    expect(deep.stdout).toMatch(new RegExp(`^violations: ${names.length}$`, 'm'))
    for (const { stdout } of [shallow, deep])
      expect(stdout).toMatch(new RegExp(`^violations: ${stdout.match(/ violated: /g)?.length}$`, 'm'))
  })
})

describe('fsck that cannot go on', () => {
  it('has told what it found, and says why', async () => {
    const { code, stdout, stderr } = await withoutMark((env) =>
      fsckWith({ ...env, FAILPOINTS: 'READ=EIO' }, '--deep'),
    )
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^upfile: The storage is not available.* \((EISDIR|S3): /),
    ])
    expect(stdout).toMatch(/^I2 violated: file \S+ has no blob$/m)
    expect(stdout).not.toMatch(/^I1 violated|^violations:/m)
  })

  /** Runs an action while the storage's mark cannot be read, and everything else can. */
  async function withoutMark<Result>(work: (env: Record<string, string>) => Promise<Result>) {
    if (isVolume()) {
      const mark = join(volumeOf(service), '.hwm')
      rmSync(mark)
      mkdirSync(mark)
      return await work({}).finally(() => rmdirSync(mark))
    }
    const proxy = await createS3FaultProxy(service.settings.AWS_S3_ENDPOINT ?? '')
    proxy.inject('GetObject', { rewrite: (id) => id }) // its first is for the id of the storage
    proxy.inject('GetObject', { status: 403, code: 'AccessDenied' }, 1000)
    return await work({ AWS_S3_ENDPOINT: proxy.endpoint }).finally(() => proxy.close())
  }
})

describe('fsck of data that the service keeps with its own PostgreSQL', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await createInstallation({ postgres: 'embedded' })
  })
  afterAll(() => installation.remove())

  const running = () =>
    findRunningPostgres({ directory: join(installation.dataDirectory, 'postgres'), database: 'upfile' })

  it('works while the service runs, which takes no second one', async () => {
    const live = await installation.start()
    const { body: file } = await upload(live, 'here')
    expect(await running()).toMatchObject({ user: 'upfile', database: 'upfile' })
    const checked = await installation.run(['fsck', '--deep'])
    expect(checked).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^files: 1$/m) })
    const status = await installation.run(['migrate', 'status'])
    expect(status).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('0001_files') })

    const second = await installation.run(['serve'])
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('Another upfile is using') })
    expect((await send(live, `${filesPath}/${file.id}`)).status).toBe(200)
    expect((await live.stop()).code).toBe(0)
  })

  it('works while it does not run, and leaves no PostgreSQL behind', async () => {
    expect(await running()).toBeUndefined()
    expect(await installation.run(['fsck'])).toMatchObject({ code: 0, stderr: '' })
    expect(await running()).toBeUndefined()
  })

  it('works after everything was killed', async () => {
    const killed = await installation.start()
    await upload(killed, 'here too')
    await killed.kill()
    expect(await running()).toBeUndefined()
    const { code, stdout } = await installation.run(['fsck', '--deep'])
    expect(stdout).toMatch(/^files: 2$/m)
    expect(code).toBe(0)
  })
})
