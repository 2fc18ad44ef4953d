import { execFile } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Binaries, useAnotherPostgres } from './binaries.ts'

const run = promisify(execFile)

interface Ids {
  readonly uid: number
  readonly gid: number
}

/** The user that PostgreSQL runs as: `ids`, or the user of the service when undefined. `wrapper` is the command in front. */
export interface Identity {
  readonly ids: Ids | undefined
  readonly wrapper: readonly string[]
}

interface PostgresPaths {
  readonly binaries: Binaries
  readonly directory: string
  readonly dataFolder: string
}

/** PostgreSQL refuses to run as root, so root chooses another user, else a user namespace. Throws an Error without either. */
export async function chooseIdentity(paths: PostgresPaths): Promise<Identity> {
  const self = process.getuid?.()
  const owner = await ownerOf(paths.dataFolder)
  if (self === undefined) return { ids: undefined, wrapper: [] }
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new Error(
        `${paths.dataFolder} belongs to user ${owner.uid}, the service runs as user ${self}: run it as that user, or give it another DATA_DIR.`,
      )
    }
    return { ids: undefined, wrapper: [] }
  }
  return (await unprivileged(paths, owner)) ?? (await namespaced(paths, owner)) ?? refuse(paths)
}

/** Makes the user that PostgreSQL runs as the owner of a path that root created. */
export async function giveTo(identity: Identity, path: string): Promise<void> {
  if (identity.ids) await chown(path, identity.ids.uid, identity.ids.gid)
}

async function unprivileged(paths: PostgresPaths, owner: Ids | undefined): Promise<Identity | undefined> {
  const candidates = owner ? [owner] : [await userNamed('postgres'), await userNamed('nobody')]
  for (const ids of candidates) {
    if (ids && ids.uid !== 0 && (await canReach(paths, ids))) return { ids, wrapper: [] }
  }
  return undefined
}

/** No other user can enter /root. In a user namespace root appears as `nobody` and still reaches its own files. */
async function namespaced(
  { binaries }: PostgresPaths,
  owner: Ids | undefined,
): Promise<Identity | undefined> {
  if (owner && owner.uid !== 0) return undefined
  const wrapper = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--']
  const works = await succeeds('unshare', [...wrapper.slice(1), 'true'], { env: binaries.environment })
  return works ? { ids: undefined, wrapper } : undefined
}

function refuse({ directory }: PostgresPaths): never {
  const problem = `PostgreSQL refuses to run as root, and nobody else reaches its programs and ${directory}.`
  throw new Error(`${problem} Run the service as an ordinary user or outside /root. ${useAnotherPostgres}`)
}

async function ownerOf(dataFolder: string): Promise<Ids | undefined> {
  const found = await stat(dataFolder).catch(() => undefined)
  return found && { uid: found.uid, gid: found.gid }
}

async function userNamed(name: string): Promise<Ids | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('/usr/bin/id', ['-u', name]), run('/usr/bin/id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

function canReach({ binaries, directory }: PostgresPaths, ids: Ids): Promise<boolean> {
  const catalog = join(dirname(binaries.postgres), '..', 'share', 'postgresql', 'postgres.bki')
  const script = 'test -x "$1" && test -r "$2" && test -x "$3"'
  return succeeds('/bin/sh', ['-c', script, 'sh', binaries.postgres, catalog, directory], {
    ...ids,
    cwd: '/',
  })
}

const succeeds = (program: string, args: string[], options: object): Promise<boolean> =>
  run(program, args, options).then(
    () => true,
    () => false,
  )
