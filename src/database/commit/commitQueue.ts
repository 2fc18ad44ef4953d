import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { classifyFailure, isDuplicate } from '../connection/failures.ts'
import type { Database } from '../schema.ts'
import { commitNewFiles, findDuplicates } from './commitNewFiles.ts'

/**
 * Commits a file whose bytes are new to its bucket. Undefined means that nothing was changed: the intent is gone, the bucket
 * does not exist, or the bucket has the bytes already; `commitAlone` finds out which. Rejects with the error of the database.
 */
export type CommitNewFile = (file: NewFile) => Promise<FileRecord | undefined>

/** A file that waits for its statement, and the promise of its caller. */
interface PendingFile {
  readonly file: NewFile
  resolve(record: FileRecord | undefined): void
  reject(error: unknown): void
}

const FILES_AT_ONCE = 64

/** Creates the queue: files that arrive while a statement runs are committed together by the next statement. */
export function createCommitQueue(db: Database): CommitNewFile {
  let queue: PendingFile[] = []
  let running = false

  async function drain() {
    running = true
    while (queue.length > 0) {
      await nextTurn() // files of one batch on the disk become ready in the same turn of the event loop
      const batch = takeBatch()
      try {
        await failpoint('U9')
        const files = batch.map(({ file }) => file)
        const records = new Map((await commitNewFiles(db, files)).map((record) => [record.id, record]))
        await failpoint('U13')
        for (const { file, resolve } of batch) resolve(records.get(file.id))
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
  async function settleFailed(batch: readonly PendingFile[], error: unknown) {
    if (!['retry', 'timeout', 'other'].includes(classifyFailure(error))) {
      for (const { reject } of batch) reject(error)
      return
    }
    const files = batch.map(({ file }) => file)
    const duplicates =
      files.length > 1 && isDuplicate(error)
        ? await findDuplicates(db, files).catch(() => undefined)
        : undefined
    const retried =
      duplicates && duplicates.size > 0 ? batch.filter(({ file }) => !duplicates.has(file.id)) : []
    queue = [...retried, ...queue]
    for (const pending of batch) if (!retried.includes(pending)) pending.resolve(undefined)
  }

  /** Two files with the same bytes do not share a statement: the second statement has to see the blob of the first. */
  function takeBatch(): PendingFile[] {
    const batch = new Map<string, PendingFile>()
    const rest: PendingFile[] = []
    for (const pending of queue) {
      const { bucket, bytes } = pending.file
      const identity = `${bucket} ${bytes.sha256.toString('hex')} ${bytes.size}`
      if (batch.size < FILES_AT_ONCE && !batch.has(identity)) batch.set(identity, pending)
      else rest.push(pending)
    }
    queue = rest
    return [...batch.values()]
  }

  return (file) =>
    new Promise((resolve, reject) => {
      queue.push({ file, resolve, reject })
      if (!running) void drain()
    })
}
