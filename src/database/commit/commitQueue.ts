import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { classifyFailure, isDuplicate } from '../connection/failures.ts'
import type { Database } from '../schema.ts'
import { commitNewFiles, commitReservedFiles, findDuplicates, type ReservedFile } from './commitNewFiles.ts'

/**
 * Commits a file whose bytes are new to its bucket, and ends the reservation that has room for it, if one has. Undefined means
 * that nothing was changed: the intent is gone, the bucket does not exist, the bucket has the bytes already, or the reservation
 * does not suffice; `commitAlone` finds out which. Rejects with the error of the database.
 */
export type CommitNewFile = (file: NewFile, reservation?: string) => Promise<FileRecord | undefined>

/** A file that waits for its statement, and the promise of its caller. */
interface Pending<Entry> {
  readonly entry: Entry
  resolve(record: FileRecord | undefined): void
  reject(error: unknown): void
}

const FILES_AT_ONCE = 64

/**
 * Creates two queues: files that arrive while a statement runs are committed together by the next statement. Files with a
 * reservation have a queue of their own, because the counts of their buckets are locked until the statement ends: another process
 * may let it wait.
 */
export function createCommitQueue(db: Database): CommitNewFile {
  const commit = createQueue<Pick<ReservedFile, 'file'>>(db, (entries) =>
    commitNewFiles(
      db,
      entries.map(({ file }) => file),
    ),
  )
  const commitReserved = createQueue<ReservedFile>(db, (entries) => commitReservedFiles(db, entries))
  return (file, reservation) =>
    reservation === undefined ? commit({ file }) : commitReserved({ file, reservation })
}

function createQueue<Entry extends Pick<ReservedFile, 'file'>>(
  db: Database,
  commitTogether: (entries: readonly Entry[]) => Promise<FileRecord[]>,
): (entry: Entry) => Promise<FileRecord | undefined> {
  let queue: Pending<Entry>[] = []
  let running = false

  async function drain() {
    running = true
    while (queue.length > 0) {
      await nextTurn() // files of one batch on the disk become ready in the same turn of the event loop
      const batch = takeBatch()
      try {
        await failpoint('U9')
        const committed = await commitTogether(batch.map(({ entry }) => entry))
        const records = new Map(committed.map((record) => [record.id, record]))
        await failpoint('U13')
        for (const { entry, resolve } of batch) resolve(records.get(entry.file.id))
      } catch (error) {
        await settleFailed(batch, error)
      }
    }
    running = false
  }

  /**
   * Answers the callers of a failed statement. All of them get the error when the database is unavailable or the outcome is
   * unknown. When some files are duplicates, the others go to the front of the queue. Every remaining caller gets undefined.
   */
  async function settleFailed(batch: readonly Pending<Entry>[], error: unknown) {
    if (!['retry', 'timeout', 'other'].includes(classifyFailure(error))) {
      for (const { reject } of batch) reject(error)
      return
    }
    const files = batch.map(({ entry }) => entry.file)
    const duplicates =
      files.length > 1 && isDuplicate(error)
        ? await findDuplicates(db, files).catch(() => undefined)
        : undefined
    const retried =
      duplicates && duplicates.size > 0 ? batch.filter(({ entry }) => !duplicates.has(entry.file.id)) : []
    queue = [...retried, ...queue]
    for (const pending of batch) if (!retried.includes(pending)) pending.resolve(undefined)
  }

  /** Two files with the same bytes do not share a statement: the second statement has to see the blob of the first. */
  function takeBatch(): Pending<Entry>[] {
    const batch = new Map<string, Pending<Entry>>()
    const rest: Pending<Entry>[] = []
    for (const pending of queue) {
      const { bucket, bytes } = pending.entry.file
      const identity = `${bucket} ${bytes.sha256.toString('hex')} ${bytes.size}`
      if (batch.size < FILES_AT_ONCE && !batch.has(identity)) batch.set(identity, pending)
      else rest.push(pending)
    }
    queue = rest
    return [...batch.values()]
  }

  return (entry) =>
    new Promise((resolve, reject) => {
      queue.push({ entry, resolve, reject })
      if (!running) void drain()
    })
}
