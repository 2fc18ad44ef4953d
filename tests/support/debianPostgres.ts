import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, glob, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { eventually } from './eventually.ts'

const run = promisify(execFile)
const NOBODY = 65_534

/** A PostgreSQL of the Debian package, with the programs of the same version beside it (pg_dump, pg_restore). */
export interface DebianPostgres {
  /** The folder of its programs. */
  readonly programs: string
  /** Makes an empty database. Returns its URL. */
  createDatabase(name: string): Promise<string>
  stop(): Promise<void>
}

/** Starts one on a socket of its own. Throws an Error when the package `postgresql` is not installed. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const [postgres] = (await Array.fromAsync(glob('/usr/lib/postgresql/*/bin/postgres'))).toSorted()
  if (postgres === undefined) throw new Error('Install the Debian package postgresql.')
  const programs = dirname(postgres)
  const directory = await mkdtemp(join(tmpdir(), 'upfile-debian-'))
  // PostgreSQL refuses to run as root.
  const identity = userInfo().uid === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if ('uid' in identity) await chown(directory, NOBODY, NOBODY)
  const data = join(directory, 'data')
  const options = { cwd: directory, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' }, ...identity }
  await run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'upfile', '--auth=trust', '--encoding=UTF8'],
    options,
  )
  const server = spawn(postgres, ['-D', data, '-k', directory, '-c', 'listen_addresses='], {
    ...options,
    stdio: 'ignore',
  })
  const ended = once(server, 'exit')
  const urlOf = (name: string) => `postgres://upfile@/${name}?host=${encodeURIComponent(directory)}`
  const ask = async (statement: string) => {
    const client = new pg.Client(urlOf('postgres'))
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await eventually(() => ask('select 1'))
  return {
    programs,
    async createDatabase(name) {
      await ask(`create database ${name}`)
      return urlOf(name)
    },
    async stop() {
      server.kill('SIGINT')
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}
