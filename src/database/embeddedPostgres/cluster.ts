import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Binaries, useAnotherPostgres } from './binaries.ts'
import { errorCode } from './errorCode.ts'
import { giveTo, type Identity } from './identity.ts'

const run = promisify(execFile)

export const superuser = 'upfile'

interface NewCluster {
  readonly directory: string
  readonly dataFolder: string
  readonly binaries: Binaries
  readonly identity: Identity
  readonly durable: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * Creates the data folder unless it exists. A kill meanwhile leaves no half-made folder under its name. Throws the reason of
 * `signal` when that is aborted.
 */
export async function ensureCluster(cluster: NewCluster): Promise<void> {
  const { directory, dataFolder, identity } = cluster
  await removeAbandoned(directory)
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return

  const unfinished = await mkdtemp(join(directory, 'init-'))
  try {
    await chmod(unfinished, 0o700)
    await giveTo(identity, unfinished)
    await initialise(cluster, unfinished)
    await rename(unfinished, dataFolder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was faster: the lock of the data folder decides which of the two starts PostgreSQL.
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error
  }
  if (!cluster.durable) return
  await flushFolder(directory)
  await flushFolder(dirname(directory))
}

async function initialise(
  { binaries, identity, durable, signal }: NewCluster,
  folder: string,
): Promise<void> {
  const command = [...identity.wrapper, binaries.initdb, '-D', folder, '-U', superuser, '--auth=trust']
  command.push(
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  )
  if (!durable) command.push('--no-sync')
  const [program = binaries.initdb, ...args] = command
  signal?.throwIfAborted()
  const running = run(program, args, { ...identity.ids, env: { ...binaries.environment }, cwd: '/' })
  // Not by the option `signal`, which does not wait until initdb has ended and writes no more.
  const end = () => void running.child.kill()
  signal?.addEventListener('abort', end)
  try {
    await running
  } catch (cause) {
    signal?.throwIfAborted() // Ctrl-C reaches initdb, too
    throw new Error(`PostgreSQL could not be set up. ${useAnotherPostgres}\n${cause}`, { cause })
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

/** Removes folders that a killed initdb left behind. One younger than a minute may belong to a running process. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('init-')) continue
    const folder = join(directory, name)
    const found = await stat(folder).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 60_000) await rm(folder, { recursive: true, force: true })
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
