import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import { bodyIncomplete } from '../../errors/requests.ts'
import { hasCode } from '../../errors.ts'
import { contextOf } from '../contract/context.ts'

/** Ties a claim to its request. Throws `body-incomplete` when the client left while the key was being claimed. */
export function keepClaim(req: IncomingMessage, res: ServerResponse, claim: IdempotentClaim): void {
  contextOf(req).claim = claim
  if (res.closed) throw bodyIncomplete()
  res.once('close', () => void claim.release('unknown'))
}

/**
 * Frees the key of a request that failed, unless it is unknown whether it did. Await it before the client gets its answer:
 * a client that sends the request again at once must not meet its own claim.
 */
export async function releaseClaim(req: IncomingMessage, error: unknown): Promise<void> {
  await contextOf(req).claim?.release(hasCode(error, 'outcome-unknown') ? 'unknown' : 'refused')
}
