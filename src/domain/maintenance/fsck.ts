import { findDrift, listAllowances, mendAllowance } from '../../database/rows/allowances.ts'
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

/** The choices of the `fsck` command. */
export interface FsckOptions {
  /** Whether to read all bytes and compare their hashes. */
  readonly deep: boolean
  /** Called for each violation when it is found: all violations together may not fit in memory. */
  readonly report: (violation: Violation) => void
  /** Called for each violation that was mended, in place of `report`; undefined when nothing is to be mended. */
  readonly mended?: (violation: Violation) => void
}

type FsckDeps = Pick<Deps, 'db' | 'storage'>

const PAGE = 500

/**
 * Checks the invariants I1-I7 in database and storage. Safe while the service runs: a blob or key that changed during the check
 * is checked again before it is reported. Returns the number of rows by table, and of stored keys. Throws
 * `storage-unavailable` and what the database throws.
 */
export async function checkEverything(
  deps: FsckDeps,
  { deep, report, mended }: FsckOptions,
): Promise<Record<string, number>> {
  const counts = await countRows(deps.db)
  for (const violation of await findStructuralViolations(deps.db)) report(violation)
  for await (const violation of checkAllowances(deps, mended !== undefined)) (mended ?? report)(violation)
  for await (const violation of checkBlobs(deps, deep)) report(violation)
  return { ...counts, 'stored keys': await checkKeys(deps, report) }
}

/** I7: the allowances agree with what they count. With `mend`, they do so from then on. */
async function* checkAllowances({ db }: FsckDeps, mend: boolean): AsyncGenerator<Violation> {
  for (const id of await listAllowances(db)) {
    const drift = await findDrift(db, id)
    if (!drift) continue
    if (mend) await mendAllowance(db, id)
    const { id: _, subject, ...numbers } = drift
    const differences = Object.entries(numbers)
      .filter(([, lacks]) => lacks !== 0)
      .map(([name, lacks]) => `${name} is ${Math.abs(lacks)} too ${lacks > 0 ? 'low' : 'high'}`)
    yield { invariant: 'I7', sentence: `the allowance of ${subject}: ${differences.join(', ')}` }
  }
}

/** I1, I2, I6: the bytes of every blob exist, and with `deep` they match the digests of the blob. */
async function* checkBlobs({ db, storage }: FsckDeps, deep: boolean): AsyncGenerator<Violation> {
  const lastId = await findNewestBlobId(db) // blobs of new uploads are left out: they may come faster than this loop reads
  for (let afterId = 0; ; ) {
    const blobs = await listBlobs(db, { afterId, lastId, atMost: PAGE })
    for (const blob of blobs) {
      const check = deep ? readAll(storage, blob) : findMissing(storage, blob)
      const damage = await check.catch(async (error: unknown) => {
        await storage.readMark() // rejects when the whole storage cannot be read
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
 * I4, I5: bytes that no table knows. A second listing leaves out those that a sweep has removed meanwhile. Returns the number
 * of stored keys.
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
