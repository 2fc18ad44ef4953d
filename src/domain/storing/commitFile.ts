import { setTimeout as sleep } from 'node:timers/promises'
import { classifyFailure, isDuplicate } from '../../database/connection/failures.ts'
import { findFileRecord, findLiveFileOfBytes } from '../../database/rows/files.ts'
import { settleCommits } from '../../database/rows/installation.ts'
import { intentExists, trashIntent } from '../../database/rows/intents.ts'
import type { Deps } from '../../deps.ts'
import { databaseUnavailable, outcomeUnknown, uploadFenced } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { type CommitOutcome, type CommitRequest, commitAlone } from './commitAlone.ts'
import { abandon } from './lease.ts'

const ATTEMPTS = 5
const RESOLVE_MILLISECONDS = 10_000

export type CommitResult = Exclude<CommitOutcome, { kind: 'again' }>

/**
 * Turns received bytes into a file (U9-U13). Every way in ends here. A file it returns is durable, be it stored now or
 * one that the bucket held already. Throws `upload-fenced`, `database-unavailable`, or `outcome-unknown` when neither a
 * commit nor its absence could be proven; unless unknown or repeatable, bytes that are not used are in the trash.
 */
export async function commitFile(deps: Deps, request: CommitRequest): Promise<CommitResult> {
  const { storageKey } = request.file.bytes
  try {
    const result = await commitOrResolve(deps, request)
    // More than best effort: what made the other file exist is as safe as the next commit.
    if (result.kind === 'exists' && !result.healed && !(await trashIntent(deps.db, storageKey, 'aborted')))
      await settleCommits(deps.db)
    await failpoint('U14')
    return result
  } catch (error) {
    if (hasCode(error, 'upload-fenced') && !request.repeatable) deps.keys.discard()
    if (!hasCode(error, 'outcome-unknown') && !request.repeatable) await abandon(deps, storageKey)
    throw error
  }
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
  // The quick way has no place for an idempotent answer, a name, or an upload.
  const { idempotent, upload, file } = request
  const special = idempotent !== undefined || upload !== undefined || file.named
  const quick = special ? undefined : await deps.commitNewFile(file)
  if (quick) return { kind: 'stored', file: quick }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await tryAlone(() => commitAlone(deps, request), attempt)
    if (outcome.kind !== 'again') return outcome
    await sleep(Math.random() * 20 * attempt)
  }
  throw databaseUnavailable(new Error(`The blob changed ${ATTEMPTS} times while it was being committed.`))
}

/** A transaction that the database rolled back for the sake of others is tried again. */
async function tryAlone(attemptAlone: () => Promise<CommitOutcome>, attempt: number): Promise<CommitOutcome> {
  try {
    return await attemptAlone()
  } catch (error) {
    // A file was renamed to the name that this one was to have to itself.
    const taken = isDuplicate(error, 'files_named')
    if (!taken && (classifyFailure(error) !== 'retry' || attempt >= 3)) throw error
    return { kind: 'again' }
  }
}

/**
 * Finds out what became of a COMMIT whose reply was lost (U13): while the intent stands it did not happen; without it the
 * file tells, or, when the bytes healed those of a file that was there already, the blob that has them.
 */
async function resolveOutcome(
  { db, logger }: Deps,
  { file, duplicates }: CommitRequest,
  cause: unknown,
): Promise<CommitResult> {
  const until = performance.now() + RESOLVE_MILLISECONDS
  for (;;) {
    try {
      if (await intentExists(db, file.bytes.storageKey)) throw databaseUnavailable(cause)
      await settleCommits(db) // a primary that was killed and came back may show what its standby does not have yet
      const record = await findFileRecord(db, { kind: 'id', value: file.id, bucket: file.bucket })
      if (record) return { kind: 'stored', file: record }
      const healed = duplicates === 'refuse' && (await findLiveFileOfBytes(db, file.bytes.storageKey))
      if (healed) return { kind: 'exists', file: healed, healed: true }
      throw uploadFenced()
    } catch (error) {
      if (hasCode(error, 'database-unavailable') || hasCode(error, 'upload-fenced')) throw error
      if (performance.now() > until) throw outcomeUnknown(cause)
      logger.debug('Asking again what became of a commit', { id: file.id, error })
      await sleep(250)
    }
  }
}
