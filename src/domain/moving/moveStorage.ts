import { listPresent, toStorageLock } from '../../database/connection/presence.ts'
import { countUncopied } from '../../database/rows/copies.ts'
import { beginWriting, completeStorage, endWriting, listStorages } from '../../database/rows/storages.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type Move, moveBlobs, moveMark, removeUnfinishedCopies } from './moveBlobs.ts'

export interface StorageMove extends Omit<Move, 'moved' | 'failed'> {
  /** Called with sentences for the operator: blobs that cannot be moved, and the next step. */
  readonly say: (sentence: string) => void
  /** Called at the beginning of a pass with the number and bytes of the blobs that are left. */
  readonly begin: (left: { readonly blobs: number; readonly bytes: number }) => Progress
}

export interface Progress {
  /** One more blob of `size` bytes is moved. */
  add(size: number): void
  end(): void
}

/**
 * Moves all blobs to the target, then marks the target as complete in the database. False when it cannot be marked yet: `say`
 * was called with the reason, and the next call goes on where this call ended. Throws what `moveBlobs` throws.
 */
export async function moveStorage(move: StorageMove): Promise<boolean> {
  const { db, target, source, targetId, say } = move
  const [to, from] = [target.description.kind, source.description.kind]
  const sourceId = await source.readIdentity()
  if (sourceId === undefined || !(await listStorages(db)).some(({ id }) => id === sourceId))
    throw new Error(`The database does not know the storage ${from}.`)
  await moveMark(move)
  await removeUnfinishedCopies(move)

  if (!(await passOver(move))) return false
  if (await isWrittenTo(move, sourceId)) return false
  await failpoint('M5')
  await endWriting(db, sourceId, targetId)
  await failpoint('M6')
  if (await isWrittenTo(move, sourceId)) {
    await beginWriting(db, sourceId)
    return false
  }
  if (!(await passOver(move))) return false // blobs that were committed during the first pass
  await moveMark(move)
  await failpoint('M7')
  const complete = await completeStorage(db, targetId, sourceId)
  say(
    complete
      ? `All files are in ${to}. Restart with STORAGE=${to} and without STORAGE_FROM; then the bytes in ${from} may be deleted.`
      : `A service has begun to write to ${from} again: restart it with STORAGE=${to} and STORAGE_FROM=${from}, then run this again.`,
  )
  return complete
}

/** Copies the blobs that are left. True when the target has every blob that existed at the beginning of the pass. */
async function passOver(move: StorageMove): Promise<boolean> {
  const progress = move.begin(await countUncopied(move.db, move.targetId))
  let failures = 0
  await moveBlobs({
    ...move,
    moved: ({ size }) => progress.add(size),
    failed(sentence) {
      failures += 1
      move.say(`Not moved: ${sentence}`)
    },
  })
  progress.end()
  if (failures === 0) return true
  move.say(
    `${failures} blobs could not be moved. Delete their files, or upload the same bytes again; then run this again.`,
  )
  return false
}

/** Whether a running service still writes to the source. */
async function isWrittenTo({ db, target, source, say }: StorageMove, sourceId: string): Promise<boolean> {
  const [to, from] = [target.description.kind, source.description.kind]
  const lock = toStorageLock({ id: sourceId, kind: from })
  if (!(await listPresent(db)).some(({ writesTo }) => writesTo === lock)) return false
  say(
    `All files so far are copied, but services still write to ${from}: restart them with STORAGE=${to} and STORAGE_FROM=${from}, then run this again.`,
  )
  return true
}
