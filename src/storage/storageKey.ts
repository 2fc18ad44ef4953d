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

/** A shard, chosen by chance. */
export const randomShard = (): string => randomBytes(1).toString('hex')

/** A random key that was never used: 128 random bits behind the given shard, or behind a random one. */
export const newStorageKey = (shard = randomShard()): StorageKey =>
  `${shard}/${randomBytes(16).toString('hex')}`
