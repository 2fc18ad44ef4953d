import { randomBytes } from 'node:crypto'
import type { StorageKey } from '../model/blob.ts'

/** The shards of a storage: every pair of hex digits a key can begin with. */
export const shards: readonly string[] = Array.from({ length: 256 }, (_, number) =>
  number.toString(16).padStart(2, '0'),
)

/** The parts of a key: whether clients may write under it, its shard, the rest. Undefined when the text is no key. */
export function parseKey(
  text: string,
): { readonly staging: boolean; readonly shard: string; readonly name: string } | undefined {
  const [, staging, shard, name] = /^(staging\/)?([0-9a-f]{2})\/([0-9a-f]{32})$/.exec(text) ?? []
  return shard === undefined || name === undefined
    ? undefined
    : { staging: staging !== undefined, shard, name }
}

/** Random keys that were never used, in one shard that is chosen by chance: 128 random bits each, behind the shard. */
export function newStorageKeys(count: number): StorageKey[] {
  const shard = randomBytes(1).toString('hex')
  const names = randomBytes(count * 16).toString('hex')
  return Array.from({ length: count }, (_, index) => `${shard}/${names.slice(index * 32, (index + 1) * 32)}`)
}

export const newStorageKey = (): StorageKey => newStorageKeys(1).join()
