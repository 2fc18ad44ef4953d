import type { Request, Response } from 'express'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import { bodyIncomplete, hasCode } from '../../errors.ts'

const claims = new WeakMap<Request, IdempotentClaim>()

/** Ties a claim to its request. Throws `body-incomplete` when the client left while the key was being claimed. */
export function keepClaim(req: Request, res: Response, claim: IdempotentClaim): void {
  claims.set(req, claim)
  if (res.closed) throw bodyIncomplete()
  res.once('close', () => void claim.release('unknown'))
}

/**
 * Frees the key of a request that failed, unless it is unknown whether it did. To be awaited before the client is told:
 * whoever sends the request again at once must not meet its own claim.
 */
export async function releaseClaim(req: Request, error: unknown): Promise<void> {
  await claims.get(req)?.release(hasCode(error, 'outcome-unknown') ? 'unknown' : 'refused')
}
