import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageKey } from '../../src/model/blob.ts'
import type { S3StorageOptions } from '../../src/storage/s3/s3.ts'
import type { TestService } from './service.ts'

type Place = Pick<TestService, 'dataDirectory'> & {
  readonly deps?: Pick<TestService['deps'], 'config' | 'storage'>
}

/** The bytes of a storage, read and changed past the service, as damage or an operator would. */
export interface StoredBytes {
  /** Exchanges the bytes under a key for others; undefined takes them away. */
  change(key: StorageKey, how: (bytes: Buffer) => Buffer | undefined): Promise<void>
  /** Bytes that are finished, under a name beside the storage's own. */
  plant(name: string, bytes?: string): Promise<void>
  /** The bytes under such a name. */
  read(name: string): Promise<string>
  /** Bytes under a key that never become finished. */
  begin(key: StorageKey): Promise<void>
  /** Takes away the highest intent sequence that it was told. */
  removeMark(): Promise<void>
}

/** Where the service keeps its bytes, unless it is in S3. */
export const volumeOf = ({ dataDirectory }: Pick<TestService, 'dataDirectory'>) =>
  join(dataDirectory, 'volume')

export const bytesOf = ({ dataDirectory, deps }: Place): StoredBytes =>
  deps?.config.storage.kind === 's3'
    ? bytesInS3(deps.config.storage)
    : bytesOnVolume(volumeOf({ dataDirectory }))

/** The SDK is loaded with the first call: most runs need none. */
function bytesInS3(options: S3StorageOptions): StoredBytes {
  const inS3 = async () => (await import('./s3.ts')).bytesInS3(options)
  return {
    change: async (key, how) => (await inS3()).change(key, how),
    plant: async (name, bytes) => (await inS3()).plant(name, bytes),
    read: async (name) => (await inS3()).read(name),
    begin: async (key) => (await inS3()).begin(key),
    removeMark: async () => (await inS3()).removeMark(),
  }
}

function bytesOnVolume(volume: string): StoredBytes {
  const inside = (name: string) => join(volume, name)
  return {
    async change(key, how) {
      const path = join(volume, 'blobs', key)
      const changed = how(await readFile(path))
      await (changed ? writeFile(path, changed) : rm(path))
    },
    plant: (name, bytes = '') => writeFile(inside(name), bytes),
    read: (name) => readFile(inside(name), 'utf8'),
    begin: (key) => writeFile(join(volume, 'tmp', key.replace('/', '')), ''),
    removeMark: () => rm(inside('.hwm')),
  }
}

/** Whether there are bytes under a key, finished or not. */
export async function hasBytes({ deps }: Pick<TestService, 'deps'>, key: StorageKey): Promise<boolean> {
  const stored = await Array.fromAsync(deps.storage.list(key.slice(0, 2)))
  return stored.some((object) => object.key === key)
}

/** The names of unfinished bytes. */
export async function unfinished({ dataDirectory, deps }: Place): Promise<string[]> {
  if (deps?.config.storage.kind !== 's3') return await readdir(join(volumeOf({ dataDirectory }), 'tmp'))
  const stored = await Array.fromAsync(deps.storage.list())
  return stored.flatMap(({ key, finished }) => (finished ? [] : [key]))
}

/** Lets only the first of the bytes under a key be there. */
export const cutBytes = (place: Place, key: StorageKey, size: number): Promise<void> =>
  bytesOf(place).change(key, (bytes) => bytes.subarray(0, size))

/** The unfinished files that this process holds open; none where the system does not tell. */
export const openUnfinished = (service: Pick<TestService, 'dataDirectory'>): Promise<string[]> =>
  openBelow(join(volumeOf(service), 'tmp'))

/** The files and directories below a directory that this process holds open; none where the system does not tell. */
export async function openBelow(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(
    descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  )
  return targets.filter((target) => target.startsWith(join(directory, '/')))
}
