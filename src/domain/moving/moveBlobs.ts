import { findNewestBlobId } from '../../database/rows/blobs.ts'
import { findBlobKeys, insertCopies, listUncopied } from '../../database/rows/copies.ts'
import { isCurrentBlob } from '../../database/rows/fsckQueries.ts'
import type { Database } from '../../database/schema.ts'
import { storageFull } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import type { StorageKey, StoredBlob } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { Storage } from '../../storage/storage.ts'
import { findDamage, soundBlocks, toDamage } from './soundBlocks.ts'

/** A move of all blobs from one storage to another. */
export interface Move {
  /** The connection that holds the lock for moves: progress is written through it, so only while the lock is held. */
  readonly db: Database
  readonly target: Storage
  readonly source: Storage
  readonly targetId: string
  /** Called with each blob whose bytes are in the target and verified. */
  readonly moved: (blob: StoredBlob) => void
  /** Called with a sentence about each blob that cannot be moved. */
  readonly failed: (sentence: string) => void
}

const PAGE = 200
const COPIES_AT_ONCE = 8
/** After a kill at most these bytes are read again, beside the copies that were under way. */
const UNRECORDED_BYTES = 64 * 2 ** 20

/**
 * Copies the bytes of every blob to the target and reads each copy back, except blobs that are known to be copied. Nothing
 * leaves the source. Damaged bytes of the source never replace bytes of the target. Throws `storage-unavailable`,
 * `storage-full` and what the database throws; the next call goes on where this call ended.
 */
export async function moveBlobs(move: Move): Promise<void> {
  const lastId = await findNewestBlobId(move.db)
  for (let afterId = 0; ; ) {
    const blobs = await listUncopied(move.db, move.targetId, { afterId, lastId, atMost: PAGE })
    await moveTogether(move, blobs)
    const last = blobs.at(-1)
    if (!last) return
    afterId = last.id
  }
}

async function moveTogether(move: Move, blobs: readonly StoredBlob[]): Promise<void> {
  const copyLog = createCopyLog(move)
  const queue = blobs.values()
  const failures: unknown[] = []
  const next = async () => {
    for (const blob of queue) {
      if (failures.length > 0) return
      const damage = await moveBlob(move, blob).catch((error: unknown) => toSentence(move, error))
      if (damage === undefined) {
        await copyLog.add(blob)
        move.moved(blob)
      } else if (await isCurrentBlob(move.db, blob)) {
        const sha256 = blob.sha256.toString('hex')
        move.failed(`blob ${blob.id}, ${blob.storageKey}, sha256 ${sha256}: ${damage}`)
      }
    }
  }
  const lanes = Array.from({ length: COPIES_AT_ONCE }, () => next().catch((error) => failures.push(error)))
  await Promise.all(lanes)
  if (failures.length > 0) throw failures[0]
  await copyLog.flush()
}

/** Records copies in the database, many with one statement. */
function createCopyLog({ db, targetId }: Move) {
  let keys: StorageKey[] = []
  let bytes = 0
  async function flush() {
    const due = keys
    keys = []
    bytes = 0
    await failpoint('M4')
    await insertCopies(db, targetId, due)
  }
  return {
    flush,
    async add({ storageKey, size }: StoredBlob) {
      keys.push(storageKey)
      bytes += size
      if (bytes > UNRECORDED_BYTES) await flush()
    },
  }
}

/** The failure as a sentence about this blob. Throws when a whole storage fails. */
async function toSentence({ target, source }: Move, error: unknown): Promise<string> {
  if (!hasCode(error, 'storage-unavailable')) throw error
  await Promise.all([target.readMark(), source.readMark()])
  return Error.isError(error.cause) ? error.cause.message : error.message
}

/** Undefined when the target has the verified bytes; otherwise a sentence about the damage. */
async function moveBlob(move: Move, blob: StoredBlob): Promise<string | undefined> {
  const { target, source } = move
  const there = await target.size(blob.storageKey)
  if (there !== undefined) {
    const wrong = await findDamage(target, blob)
    if (wrong === undefined) return undefined
    const wrongHere = await findDamage(source, blob)
    if (wrongHere !== undefined)
      return `in ${target.description.kind}: ${wrong}; in ${source.description.kind}: ${wrongHere}`
    await target.delete(blob.storageKey)
  }
  await failpoint('M1')
  try {
    await target.write(blob.storageKey, toBatches(move, soundBlocks(source, blob)))
  } catch (error) {
    return `in ${source.description.kind}: ${await toDamage(source, blob, error)}`
  }
  await failpoint('M2')
  const wrong = await findDamage(target, blob)
  await failpoint('M3')
  return wrong && `in ${target.description.kind}: ${wrong}`
}

/** Copies of the blocks: a write may hold a block while the reader overwrites its buffer with the next. */
async function* toBatches({ target }: Move, blocks: AsyncIterable<Buffer>) {
  for await (const block of blocks) {
    if ((await target.freeBytes()) < block.length) throw storageFull()
    yield [Buffer.from(block)]
  }
}

/**
 * Removes unfinished copies that a killed move left, so that they can be written again. An unfinished write under the key
 * of a blob is such a copy: no upload writes there any more.
 */
export async function removeUnfinishedCopies({ db, target }: Pick<Move, 'db' | 'target'>): Promise<void> {
  const unfinished: StorageKey[] = []
  for await (const { key, finished } of target.list()) if (!finished) unfinished.push(key)
  for (let at = 0; at < unfinished.length; at += PAGE) {
    for (const key of await findBlobKeys(db, unfinished.slice(at, at + PAGE)))
      if ((await target.size(key)) === undefined) await target.delete(key)
  }
}

/** Copies the mark of the source: a database that is too old for the source is too old for the target. */
export async function moveMark({ target, source }: Pick<Move, 'target' | 'source'>): Promise<void> {
  const [there, here] = await Promise.all([target.readMark(), source.readMark()])
  if (here > there) await target.writeMark(here)
}
