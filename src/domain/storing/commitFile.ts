import { setTimeout as sleep } from 'node:timers/promises'
import { classifyFailure, isDuplicate } from '../../database/connection/failures.ts'
import { findFileRecord, findLiveFileOfBytes } from '../../database/rows/files.ts'
import { makeCommitsDurable } from '../../database/rows/installation.ts'
import { intentExists, trashIntent } from '../../database/rows/intents.ts'
import type { Deps } from '../../deps.ts'
import { databaseUnavailable, outcomeUnknown, uploadFenced } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import { everyFile } from '../../model/actor.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { insistOn } from '../access/insist.ts'
import { insistOnKeyOf } from '../access/keyActor.ts'
import { replaceCondition } from '../access/replaceCondition.ts'
import { type CommitOutcome, type CommitRequest, commitAlone } from './commitAlone.ts'
import { giveUp } from './lease.ts'

const ATTEMPTS = 5
const RESOLVE_MILLISECONDS = 10_000

export type CommitResult = Exclude<CommitOutcome, { kind: 'again' }>

/**
 * Turns received bytes into a file (U9-U13); every kind of upload ends here. The returned file is durable, whether it was
 * stored now or before. Throws what `commitAlone`, `insistOnKeyOf` and `insistOn` throw, `database-unavailable`, and
 * `outcome-unknown` when the service could not find out whether the commit happened. Unused bytes are in the trash, and their
 * room is given back, unless the outcome is unknown or the request is `repeatable`.
 */
export async function commitFile(deps: Deps, request: CommitRequest): Promise<CommitResult> {
  const { storageKey } = request.file.bytes
  try {
    const result = await commitOrResolve(deps, await judgeAgain(deps, request))
    deps.sweeper.soon(result.parts)
    if (result.kind === 'exists') await request.room?.end()
    // The other file's commit must be durable too. A later commit makes it durable: that of `trashIntent`, else
    // `makeCommitsDurable`.
    if (result.kind === 'exists' && !result.healed) {
      if (await trashIntent(deps.db, storageKey, 'aborted')) deps.sweeper.soon([storageKey])
      else await makeCommitsDurable(deps.db)
    }
    await failpoint('U14')
    return result
  } catch (error) {
    if (hasCode(error, 'upload-fenced') && !request.repeatable) deps.keys.discard()
    if (!hasCode(error, 'outcome-unknown') && !request.repeatable)
      await giveUp(deps, { storageKey, lease: undefined, room: request.room })
    throw error
  }
}

/** A long upload may end after its key was revoked or lost a right: what the key may do now decides, also what it replaces. */
async function judgeAgain(deps: Deps, request: CommitRequest): Promise<CommitRequest> {
  const { bucket, name, named, createdBy } = request.file
  const now = await insistOnKeyOf(deps, createdBy)
  if (!now) return request
  insistOn(now, 'write', { bucket, name })
  return named ? { ...request, nameCondition: replaceCondition(now, name, request.nameCondition) } : request
}

async function commitOrResolve(deps: Deps, request: CommitRequest): Promise<CommitResult> {
  try {
    return await commit(deps, request)
  } catch (error) {
    if (classifyFailure(error) !== 'unknown') throw error
    deps.logger.warn('The outcome of a commit is unknown', { id: request.file.id, error })
    return await resolveOutcome(deps, request, error)
  }
}

async function commit(deps: Deps, request: CommitRequest): Promise<CommitResult> {
  // The shared statement of the queue keeps no idempotent answer, clears no name, finishes no upload and judges no limits.
  const { idempotent, upload, file, subjects, room } = request
  const judged = subjects.length > 0 && room?.reservation === undefined
  const needsTransaction = idempotent !== undefined || upload !== undefined || file.named || judged
  const committed = needsTransaction ? undefined : await deps.commitNewFile(file, room?.reservation)
  if (committed) return { kind: 'stored', file: committed, parts: [] }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await attemptCommit(() => commitAlone(deps, request), attempt)
    if (outcome.kind !== 'again') return outcome
    await sleep(Math.random() * 20 * attempt)
  }
  throw databaseUnavailable(new Error(`The blob changed ${ATTEMPTS} times while it was being committed.`))
}

/** The outcome is `again` for a transaction that the database rolled back because of another one. */
async function attemptCommit(
  commitOnce: () => Promise<CommitOutcome>,
  attempt: number,
): Promise<CommitOutcome> {
  try {
    return await commitOnce()
  } catch (error) {
    // Meanwhile a file was renamed to the name that the new file has to itself.
    const nameTaken = isDuplicate(error, 'files_named')
    if (!nameTaken && (classifyFailure(error) !== 'retry' || attempt >= 3)) throw error
    return { kind: 'again' }
  }
}

/**
 * Finds out whether a COMMIT with a lost reply happened (U13). It did not happen if the intent still exists. It happened if the
 * file exists, or if a blob of another file refers to the received bytes (`healed`). Tries for at most 10 s, and not without a
 * database. Throws `database-unavailable`, `upload-fenced`, `outcome-unknown`.
 */
async function resolveOutcome(
  { databaseGone, db, logger }: Deps,
  { file, duplicates, reach }: CommitRequest,
  cause: unknown,
): Promise<CommitResult> {
  const deadline = performance.now() + RESOLVE_MILLISECONDS
  for (;;) {
    try {
      if (await intentExists(db, file.bytes.storageKey)) throw databaseUnavailable(cause)
      await makeCommitsDurable(db) // a primary that was killed and restarted may show commits that its standby lacks
      const record = await findFileRecord(db, { kind: 'id', value: file.id, bucket: file.bucket }, everyFile)
      if (record) return { kind: 'stored', file: record, parts: [] }
      const healed = duplicates === 'refuse' && (await findLiveFileOfBytes(db, file.bytes.storageKey, reach))
      if (healed) return { kind: 'exists', file: healed, healed: true, parts: [] }
      throw uploadFenced()
    } catch (error) {
      if (hasCode(error, 'database-unavailable') || hasCode(error, 'upload-fenced')) throw error
      if (databaseGone.aborted || performance.now() > deadline) throw outcomeUnknown(cause)
      logger.debug('The outcome of a commit is still unknown', { id: file.id, error })
      await sleep(250)
    }
  }
}
