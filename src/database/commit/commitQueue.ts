import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewFile } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { classifyFailure, isDuplicate } from '../connection/failures.ts'
import type { Database } from '../schema.ts'
import { commitNewFiles, findHeld } from './commitNewFiles.ts'

/**
 * Commits a file whose bytes are new to its bucket. Undefined means nothing was done: the intent is gone, the bucket
 * holds the bytes, or another commit was quicker; `commitAlone` finds out which. Rejects with what the database threw.
 */
export type CommitNewFile = (file: NewFile) => Promise<FileRecord | undefined>

interface Waiting {
  readonly file: NewFile
  resolve(record: FileRecord | undefined): void
  reject(error: unknown): void
}

const FILES_AT_ONCE = 64

/** Files that become ready while a statement runs share the next one, and so one COMMIT. */
export function createCommitQueue(db: Database): CommitNewFile {
  let queue: Waiting[] = []
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
        await giveBack(batch, error)
      }
    }
    running = false
  }

  /** Rolled back because of one of them, or for the sake of others: whoever is not at fault gets another chance. */
  async function giveBack(batch: readonly Waiting[], error: unknown) {
    if (!['retry', 'timeout', 'other'].includes(classifyFailure(error))) {
      for (const { reject } of batch) reject(error)
      return
    }
    const conflict = batch.length > 1 && isDuplicate(error)
    const held = conflict
      ? await findHeld(
          db,
          batch.map(({ file }) => file),
        ).catch(() => undefined)
      : undefined
    const again = held && held.size > 0 ? batch.filter(({ file }) => !held.has(file.id)) : []
    queue = [...again, ...queue]
    for (const waiting of batch) if (!again.includes(waiting)) waiting.resolve(undefined)
  }

  /** Two files with the same bytes cannot share a statement: the second has to see the first. */
  function takeBatch(): Waiting[] {
    const taken = new Map<string, Waiting>()
    const left: Waiting[] = []
    for (const waiting of queue) {
      const { bucket, bytes } = waiting.file
      const identity = `${bucket} ${bytes.sha256.toString('hex')} ${bytes.size}`
      if (taken.size < FILES_AT_ONCE && !taken.has(identity)) taken.set(identity, waiting)
      else left.push(waiting)
    }
    queue = left
    return [...taken.values()]
  }

  return (file) =>
    new Promise((resolve, reject) => {
      queue.push({ file, resolve, reject })
      if (!running) void drain()
    })
}
