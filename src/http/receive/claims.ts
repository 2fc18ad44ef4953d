import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import { bodyIncomplete } from '../../errors/requests.ts'
import { hasCode } from '../../errors.ts'
import { contextOf } from '../contract/context.ts'

/**
 * Keeps a claim until its request ends. Throws `body-incomplete` when the client disconnected while the key was being
 * claimed.
 */
export function keepClaim(req: IncomingMessage, res: ServerResponse, claim: IdempotentClaim): void {
  contextOf(req).claim = claim
  if (res.closed) throw bodyIncomplete()
  res.once('close', () => void claim.release('unknown'))
}

/**
 * Frees the Idempotency-Key of a failed request. After `outcome-unknown` the key stays taken, because the file may be stored.
 * Await this before the client gets its answer: a client that repeats the request at once must not meet its own claim.
 */
export async function releaseClaim(req: IncomingMessage, error: unknown): Promise<void> {
  await contextOf(req).claim?.release(hasCode(error, 'outcome-unknown') ? 'unknown' : 'refused')
}
