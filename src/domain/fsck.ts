import { findNewestBlobId, listBlobs, type StoredBlob } from '../database/blobs.ts'
import {
  countRows,
  findKnownKeys,
  findStructuralViolations,
  isCurrentBlob,
  type Violation,
} from '../database/inspect.ts'
import type { Deps } from '../deps.ts'
import { type Storage, type StorageKey, shards } from '../storage/storage.ts'
import { beginExamination, type Damage, findMissing, toUnreadable } from './examination.ts'

export interface Findings {
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
}

type FsckDeps = Pick<Deps, 'db' | 'storage'>

const PAGE = 500

/**
 * Holds database and storage against the invariants I1-I6. Safe while the service runs: what changes during the check is
 * looked at again before it counts. `deep` reads all bytes and compares their hashes.
 */
export async function checkEverything(deps: FsckDeps, { deep }: { deep: boolean }): Promise<Findings> {
  const counts = await countRows(deps.db)
  const violations = [...(await findStructuralViolations(deps.db))]
  for await (const violation of checkBlobs(deps, deep)) violations.push(violation)
  let stored = 0
  for (const shard of shards) {
    for await (const keys of pagesOf(deps.storage, shard)) {
      stored += keys.length
      violations.push(...(await checkKnown(deps, keys)))
    }
  }
  return { counts: { ...counts, 'stored keys': stored }, violations }
}

/** I1, I2, I6: the bytes of every blob are there, and with `deep` they are what they were. */
async function* checkBlobs({ db, storage }: FsckDeps, deep: boolean): AsyncGenerator<Violation> {
  const lastId = await findNewestBlobId(db) // uploads may come in faster than they are read: the check must end
  for (let afterId = 0; ; ) {
    const blobs = await listBlobs(db, { afterId, lastId, atMost: PAGE })
    for (const blob of blobs) {
      const look = deep ? readAll(storage, blob) : findMissing(storage, blob)
      const damage = await look.catch(async (error: unknown) => {
        await storage.readMark() // rejects when it is not this blob alone that cannot be read
        return toUnreadable(error)
      })
      if (!damage || !(await isCurrentBlob(db, blob))) continue
      const { invariant, sentence } = damage
      yield {
        invariant,
        sentence: `blob ${blob.id}, ${blob.storageKey}, sha256 ${blob.sha256.toString('hex')}: ${sentence}`,
      }
    }
    const last = blobs.at(-1)
    if (!last) return
    afterId = last.id
  }
}

async function readAll(storage: Storage, blob: StoredBlob): Promise<Damage | undefined> {
  const outcome = await beginExamination(storage, blob).proceed(() => false)
  return outcome === 'unfinished' ? undefined : outcome
}

/** I4, I5: bytes that no table knows. They are looked for again, since a sweep may have removed them meanwhile. */
async function checkKnown({ db, storage }: FsckDeps, keys: readonly StorageKey[]): Promise<Violation[]> {
  const known = await findKnownKeys(db, keys)
  const unknown = new Set(keys.filter((key) => !known.has(key)))
  const violations: Violation[] = []
  for (const shard of new Set([...unknown].map((key) => key.slice(0, 2)))) {
    for await (const { key } of storage.list(shard)) {
      if (unknown.has(key))
        violations.push({ invariant: 'I4', sentence: `the bytes under ${key} are in no table` })
    }
  }
  return violations
}

async function* pagesOf(storage: Storage, shard: string): AsyncGenerator<StorageKey[]> {
  let keys: StorageKey[] = []
  for await (const { key } of storage.list(shard)) {
    keys.push(key)
    if (keys.length < PAGE) continue
    yield keys
    keys = []
  }
  if (keys.length > 0) yield keys
}
