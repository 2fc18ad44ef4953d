import { readdir, readlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageKey } from '../../src/storage/storage.ts'
import { overwrite } from './s3.ts'
import type { TestService } from './service.ts'

type Place = Pick<TestService, 'dataDirectory'> & {
  readonly deps?: Pick<TestService['deps'], 'config' | 'storage'>
}

/** Where the service keeps its bytes, unless it is in S3. */
export const volumeOf = ({ dataDirectory }: Pick<TestService, 'dataDirectory'>) =>
  join(dataDirectory, 'volume')

/** The names of unfinished bytes. */
export async function unfinished({ dataDirectory, deps }: Place): Promise<string[]> {
  if (deps?.config.storage.kind !== 's3') return await readdir(join(volumeOf({ dataDirectory }), 'tmp'))
  const stored = await Array.fromAsync(deps.storage.list())
  return stored.flatMap(({ key, finished }) => (finished ? [] : [key]))
}

/** Lets only the first of the bytes under a key be there. */
export async function cutBytes({ dataDirectory, deps }: Place, key: StorageKey, size: number): Promise<void> {
  if (deps?.config.storage.kind === 's3') return await overwrite(deps.config.storage, key, Buffer.alloc(size))
  await truncate(join(volumeOf({ dataDirectory }), 'blobs', key), size)
}

/** The unfinished files that this process holds open; none where the system does not tell. */
export async function openUnfinished(service: Pick<TestService, 'dataDirectory'>): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(
    descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  )
  return targets.filter((target) => target.startsWith(join(volumeOf(service), 'tmp', '/')))
}
