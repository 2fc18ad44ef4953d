import {
  beginIdempotent,
  extendIdempotent,
  forgetIdempotent,
  type KeyHold,
} from '../../database/rows/idempotency.ts'
import type { Deps } from '../../deps.ts'
import { idempotentRequestRunning } from '../../errors/requests.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileRecord } from '../../model/file.ts'

/** A request's claim on its Idempotency-Key. */
export interface IdempotentClaim {
  /** Undefined for a key that was answered before. */
  readonly hold: KeyHold | undefined
  /** The fingerprint and the file of an earlier request with this key; undefined for the first request. */
  readonly answered: { readonly fingerprint: Buffer; readonly file: FileRecord } | undefined
  /**
   * Ends the claim. After `refused`, the key is free. After `unknown`, the key keeps its answer if there is one, or stays taken
   * until its lease runs out; a second call with `refused` may still free it.
   */
  release(outcome: 'refused' | 'unknown'): Promise<void>
}

/**
 * Claims a key before the body is read, and renews the claim until `release`. Each actor has keys of its own. Throws
 * `idempotent-request-running` while another request has the key.
 */
export async function claimIdempotencyKey(
  { db, config, logger, ticks }: Deps,
  actor: Actor,
  sent: string,
): Promise<IdempotentClaim> {
  const { leaseSeconds } = config.protocol
  // A key has no blank, so what follows the last one is the key: no two actors share a name, whatever users are called.
  const key = actor.name === null ? sent : `${actor.name} ${sent}`
  const state = await beginIdempotent(db, key, leaseSeconds)
  if (state.kind === 'running') throw idempotentRequestRunning()
  if (state.kind === 'done') return { hold: undefined, answered: state, release: async () => {} }

  const { hold } = state
  let free = false
  const warn = (error: unknown) => logger.warn('An Idempotency-Key could not be kept or freed', { error })
  const renew = () => void extendIdempotent(db, hold, leaseSeconds).catch(warn)
  const endRenewal = ticks.every((leaseSeconds * 1000) / 3, renew)
  return {
    hold,
    answered: undefined,
    async release(outcome) {
      endRenewal()
      if (outcome !== 'refused' || free) return
      free = true // from now on the key may belong to another request
      await forgetIdempotent(db, hold).catch(warn)
    },
  }
}
