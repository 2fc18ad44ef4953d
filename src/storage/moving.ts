import { hasCode } from '../errors.ts'
import type { ByteRange, StorageKey } from '../model/blob.ts'
import type { DirectAccess } from './directAccess.ts'
import { joinParts } from './joinedParts.ts'
import type { Storage } from './storage.ts'
import { shards } from './storageKey.ts'

/** A storage that can be closed, as every driver makes it. */
interface Driver extends Storage {
  close(): Promise<void>
}

/** Two storages as one. */
export interface MovingStorage extends Driver {
  /** Bytes are written here, and looked for here first. */
  readonly target: Storage
  /** Bytes that the target does not have yet are read from here. */
  readonly source: Storage
}

/**
 * Two storages as one while bytes move from `source` to `target` under the same keys. No record says where bytes are: new
 * bytes and copies are written to the target, and only `delete` removes bytes from the source. So a look into the target and
 * then into the source finds them.
 */
export function createMovingStorage(target: Driver, source: Driver): MovingStorage {
  const open = (key: StorageKey, range: ByteRange) =>
    target.open(key, range).catch((error: unknown) => {
      if (!hasCode(error, 'file-not-found')) throw error
      return source.open(key, range)
    })

  /** Each key once. Shard by shard, so that the keys to remember are a small part of all. */
  async function* listShard(shard: string) {
    const seen = new Set<StorageKey>()
    for await (const object of target.list(shard)) {
      seen.add(object.key)
      yield object
    }
    for await (const object of source.list(shard)) if (!seen.has(object.key)) yield object
  }

  const size = async (key: StorageKey) => (await target.size(key)) ?? (await source.size(key))

  /** Clients get no URL of the target for bytes that are still in the source. */
  const direct: DirectAccess | undefined = target.direct && {
    ...target.direct,
    signRead: async (key, options) =>
      (await target.size(key)) === undefined ? undefined : await target.direct?.signRead(key, options),
  }

  return {
    target,
    source,
    direct,
    description: {
      ...target.description,
      mark: `${target.description.mark} and ${source.description.mark}`,
      settings: `${target.description.settings}, ${source.description.settings}`,
    },
    put: (key, bytes) => target.put(key, bytes),
    write: (key, bytes) => target.write(key, bytes),
    open,
    size,
    async compose(key, parts) {
      const sizes = await Promise.all(parts.map((part) => target.size(part)))
      if (sizes.includes(undefined)) await target.write(key, await joinParts({ size, open }, parts))
      else await target.compose(key, parts)
    },
    async delete(key) {
      await both(target.delete(key), source.delete(key))
    },
    async *list(only) {
      for (const shard of only === undefined ? shards : [only]) yield* listShard(shard)
    },
    async check() {
      await both(target.check(), source.readMark())
    },
    boundless: target.boundless,
    freeBytes: () => target.freeBytes(),
    readIdentity: () => target.readIdentity(),
    writeIdentity: (id) => target.writeIdentity(id),
    readMark: async () => Math.max(...(await both(target.readMark(), source.readMark()))),
    writeMark: (sequence) => target.writeMark(sequence),
    async close() {
      await both(target.close(), source.close())
    },
  }
}

/** Waits for both, then rejects with the first failure: no work goes on after the call. */
async function both<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<[First, Second]> {
  await Promise.allSettled([first, second])
  return await Promise.all([first, second])
}
