import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RadosgwOptions } from '../tests/support/radosgw.ts'
import { createDatabase, type DatabaseAddress, findDatabase } from './database.ts'
import { type S3Server, startS3Server } from './s3Server.ts'
import { type Server, startPeer, startService } from './servers.ts'
import type { Settings } from './settings.ts'

export type Service = Server & { readonly database: () => Promise<DatabaseAddress> }

/** Where one row is measured: a folder on the disk of the repository, and the servers started for it. */
export type Site = Awaited<ReturnType<typeof createSite>>

const here = fileURLToPath(new URL('.', import.meta.url))

export async function createSite(settings: Settings) {
  const base = await mkdtemp(join(here, '.data-'))
  await chmod(base, 0o755) // a PostgreSQL started by root runs as somebody else and must get through
  const endings: (() => Promise<unknown>)[] = [() => rm(base, { recursive: true, force: true })]

  async function folder(name: string): Promise<string> {
    const path = join(base, name)
    await mkdir(path, { recursive: true })
    return path
  }

  async function outsideDatabase(): Promise<string | undefined> {
    const given = process.env.DATABASE_URL
    if (given === undefined) return undefined
    const { url, drop } = await createDatabase(given)
    endings.unshift(drop)
    return url
  }

  let closing: Promise<void> | undefined
  async function closeAll(): Promise<void> {
    for (const end of endings) await end()
  }

  return {
    settings,
    folder,

    async startService(name = 'upfile', env: NodeJS.ProcessEnv = {}): Promise<Service> {
      const directory = await folder(name)
      const url = await outsideDatabase()
      const address = url === undefined ? {} : { DATABASE_URL: url }
      const server = await startService(settings.service, directory, { ...env, ...address })
      endings.unshift(server.stop)
      const database = async () => (url ? { connectionString: url } : findDatabase(join(directory, 'data')))
      return { ...server, name, database }
    },

    async startPeer(name: string, argument: string): Promise<Server> {
      const server = await startPeer(name, argument)
      endings.unshift(server.stop)
      return server
    },

    async startS3Server(options: Required<RadosgwOptions>): Promise<S3Server> {
      const server = await startS3Server(await folder('s3'), options)
      endings.unshift(server.stop)
      return server
    },

    async requireSpace(bytes: number): Promise<void> {
      const { bavail, bsize } = await statfs(base)
      if (bavail * bsize < bytes) throw new Error(`Needs ${Math.ceil(bytes / 1024 ** 3)} GiB of free disk`)
    },

    /** Stops what was started, the last first, and removes what was written. Any number of callers may wait for it. */
    close(): Promise<void> {
      closing ??= closeAll()
      return closing
    },
  }
}

/** Waits until the disk has written the data of the round before. */
export async function settle(): Promise<void> {
  await promisify(execFile)('sync')
}
