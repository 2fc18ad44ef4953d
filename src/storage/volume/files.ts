import { randomBytes } from 'node:crypto'
import { constants, lstatSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageKey } from '../../model/blob.ts'
import { makeDirectory } from '../../runtime/makeDirectory.ts'
import { parseKey, shards } from '../storageKey.ts'
import { makeVolumeDirectory } from './directories.ts'
import type { DirectorySync } from './directorySync.ts'

/**
 * The paths on a volume, all on one file system: unfinished bytes in `tmp`, finished ones in `blobs/<shard>`, those
 * of staging keys in `staging`, where there are never many.
 */
export function volumeLayout(root: string) {
  const blobs = join(root, 'blobs')
  const staging = join(root, 'staging')

  function locate(key: StorageKey) {
    const parsed = parseKey(key)
    if (!parsed) throw new Error(`${key} is no storage key`)
    const { shard, name } = parsed
    const flat = `${shard}${name}`
    return parsed.staging
      ? { directory: staging, name: flat, temporaryName: `staging-${flat}` }
      : { directory: join(blobs, shard), name, temporaryName: flat }
  }

  return {
    temporary: join(root, 'tmp'),
    temporaryPath: (key: StorageKey) => join(root, 'tmp', locate(key).temporaryName),
    directoryOf: (key: StorageKey) => locate(key).directory,
    /** The directories that lead to the bytes of a key, unfinished and finished. */
    wayTo: (key: StorageKey) => {
      const { directory } = locate(key)
      return [join(root, 'tmp'), ...(directory === staging ? [] : [blobs]), directory]
    },
    blobs,
    path: (key: StorageKey) => join(locate(key).directory, locate(key).name),
    staging,
    shard: (shard: string) => join(blobs, shard),
    identity: join(root, '.volume-id'),
    mark: join(root, '.hwm'),
  }
}

export type VolumeLayout = ReturnType<typeof volumeLayout>

/**
 * Makes the directories of a volume, durably, and removes temporary files of `writeWhole` that a kill left. Throws an Error
 * when one of the paths is no directory: a link there could lead anywhere.
 */
export async function prepareVolume(root: string, directorySync: DirectorySync): Promise<void> {
  makeDirectory(root, 0o700)
  const directories = ['tmp', 'staging', 'blobs', ...shards.map((shard) => join('blobs', shard))]
  for (const directory of directories) makeVolumeDirectory(join(root, directory))
  await directorySync.sync(join(root, 'blobs'))
  await directorySync.sync(root)
  await removeAbandoned(root, /^\.(hwm|volume-id)\.[0-9a-f]{16}$/)
  await removeAbandoned(join(root, 'tmp'), /^check-[0-9a-f-]{36}(\.[0-9a-f]{16})?$/)
}

const HOUR_MILLISECONDS = 3_600_000

/** Removes files with these names that are older than an hour: no process is still about to use them. */
async function removeAbandoned(directory: string, names: RegExp): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!names.test(name)) continue
    const path = join(directory, name)
    const status = await lstat(path).catch(unlessCode('ENOENT'))
    if (status && Date.now() - status.mtimeMs > HOUR_MILLISECONDS) await removeFile(path)
  }
}

const { O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** Opens for reading, without following a link and without waiting for a pipe's other end. */
export const REGULAR_FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/** Opens a new file for writing. Fails when anything, a link included, has that name already. */
export const NEW_FILE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW

export const openNew = (path: string): Promise<FileHandle> => open(path, NEW_FILE, 0o600)

/** Throws when a key has bytes already: a rename would replace bytes that must never change (I6). */
export async function insistOnUnused(path: string): Promise<void> {
  refuseUsed(path, await lstat(path).catch(unlessCode('ENOENT')))
}

/** As `insistOnUnused`, for a thread of its own. */
export const insistOnUnusedSync = (path: string): void =>
  refuseUsed(path, lstatSync(path, { throwIfNoEntry: false }))

function refuseUsed(path: string, status: Stats | undefined): void {
  if (status) throw new Error(`${path} was written before`)
}

/** Opens a regular file for reading, without following a link and without waiting for a pipe's other end. */
export async function openRegular(path: string): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(path, REGULAR_FILE)
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw notRegular(path)
    return { handle, size: status.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

export const notRegular = (path: string) => new Error(`${path} is not a regular file`)

/** Writes a small file: after a kill it is whole or not there. A failed write leaves nothing behind. */
export async function writeWhole(
  path: string,
  text: string,
  directory: string,
  directorySync: DirectorySync,
): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  const handle = await openNew(temporary)
  try {
    await handle
      .writeFile(text)
      .then(() => handle.sync())
      .finally(() => handle.close())
    await rename(temporary, path)
  } catch (error) {
    await removeFile(temporary).catch(() => {}) // the first failure counts
    throw error
  }
  await directorySync.sync(directory)
}

/** The text of a small file; undefined when it is not there. */
export const readWhole = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(unlessCode('ENOENT'))

/** Removes a file. Does nothing when it is not there. */
export const removeFile = (path: string): Promise<void> => unlink(path).catch(unlessCode('ENOENT'))

const unlessCode = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== code) throw error
  return undefined
}
