import { findNewestBlobId, listBlobs } from '../../database/rows/blobs.ts'
import {
  countRows,
  findKnownKeys,
  findStructuralViolations,
  isCurrentBlob,
  type Violation,
} from '../../database/rows/fsckQueries.ts'
import type { Deps } from '../../deps.ts'
import type { StorageKey, StoredBlob } from '../../model/blob.ts'
import type { Storage } from '../../storage/storage.ts'
import { beginExamination, type Damage, findMissing, toUnreadable } from './examination.ts'

export interface FsckOptions {
  /** Reads all bytes and compares their hashes. */
  readonly deep: boolean
  /** Told of every violation when it is found: there may be more of them than fit in memory. */
  readonly report: (violation: Violation) => void
}

type FsckDeps = Pick<Deps, 'db' | 'storage'>

const PAGE = 500

/**
 * Holds database and storage against the invariants I1-I6. Safe while the service runs: what changes during the check is
 * looked at again before it counts. Returns how much there is of everything.
 */
export async function checkEverything(
  deps: FsckDeps,
  { deep, report }: FsckOptions,
): Promise<Record<string, number>> {
  const counts = await countRows(deps.db)
  for (const violation of await findStructuralViolations(deps.db)) report(violation)
  for await (const violation of checkBlobs(deps, deep)) report(violation)
  return { ...counts, 'stored keys': await checkKeys(deps, report) }
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

/**
 * I4, I5: bytes that no table knows. They are looked for again, since a sweep may have removed them meanwhile. Returns how
 * many keys there are.
 */
async function checkKeys({ db, storage }: FsckDeps, report: FsckOptions['report']): Promise<number> {
  const unknown = new Set<StorageKey>()
  let stored = 0
  for await (const keys of pagesOf(storage)) {
    stored += keys.length
    const known = await findKnownKeys(db, keys)
    for (const key of keys) if (!known.has(key)) unknown.add(key)
  }
  if (unknown.size === 0) return stored
  for await (const { key } of storage.list()) {
    if (unknown.delete(key)) report({ invariant: 'I4', sentence: `the bytes under ${key} are in no table` })
  }
  return stored
}

async function* pagesOf(storage: Storage): AsyncGenerator<StorageKey[]> {
  let keys: StorageKey[] = []
  for await (const { key } of storage.list()) {
    keys.push(key)
    if (keys.length < PAGE) continue
    yield keys
    keys = []
  }
  if (keys.length > 0) yield keys
}
