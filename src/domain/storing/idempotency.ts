import { beginIdempotent, extendIdempotent, forgetIdempotent } from '../../database/rows/idempotency.ts'
import type { Deps } from '../../deps.ts'
import { idempotentRequestRunning } from '../../errors/requests.ts'
import type { FileRecord } from '../../model/file.ts'

/** A request's hold on its Idempotency-Key. */
export interface IdempotentClaim {
  readonly key: string
  /** What the first request with this key was, and what it got. */
  readonly answered: { readonly fingerprint: Buffer; readonly file: FileRecord } | undefined
  /**
   * Ends the hold. A request that was refused leaves its key free; otherwise the key keeps its answer, or stays taken until
   * its lease runs out. What is found out later may still free it.
   */
  release(outcome: 'refused' | 'unknown'): Promise<void>
}

/** Claims a key before the body is read. Throws `idempotent-request-running`. */
export async function claimIdempotencyKey(
  { db, config, logger }: Deps,
  key: string,
): Promise<IdempotentClaim> {
  const { leaseSeconds } = config.protocol
  const state = await beginIdempotent(db, key, leaseSeconds)
  if (state.kind === 'running') throw idempotentRequestRunning()
  if (state.kind === 'done') return { key, answered: state, release: async () => {} }

  let free = false
  const warn = (error: unknown) => logger.warn('An Idempotency-Key could not be kept or freed', { error })
  const timer = setInterval(
    () => void extendIdempotent(db, key, leaseSeconds).catch(warn),
    (leaseSeconds * 1000) / 3,
  )
  return {
    key,
    answered: undefined,
    async release(outcome) {
      clearInterval(timer)
      if (outcome !== 'refused' || free) return
      free = true // from now on the key may belong to another request
      await forgetIdempotent(db, key).catch(warn)
    },
  }
}
