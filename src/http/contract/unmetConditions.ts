import type { IncomingMessage } from 'node:http'
import { preconditionFailed } from '../../errors/requests.ts'
import { header } from '../fields/header.ts'
import { declares } from './context.ts'

/**
 * Refuses a POST or PUT under a condition that cannot hold: a bucket, an upload or a new file has no entity tag that If-Match
 * could name (RFC 9110, 13.1.1). An operation with the parameter If-Match judges the condition itself. Throws
 * `precondition-failed`.
 */
export function refuseUnmetConditions(req: IncomingMessage): void {
  const isEarly = (req.method === 'POST' || req.method === 'PUT') && !declares(req, 'If-Match')
  if (isEarly && namesTag(req)) throw preconditionFailed('If-Match')
}

/**
 * Refuses a change of a thing without an entity tag under a condition that cannot hold: If-Match names a tag, or
 * `If-None-Match: *` rules out that the thing exists. `find` throws when the thing does not exist: then the request fails in the
 * same way without a condition, and no condition is judged (RFC 9110, 13.2.1). Throws `precondition-failed`.
 */
export async function refuseCondition(req: IncomingMessage, find: () => Promise<unknown>): Promise<void> {
  const unmet = namesTag(req) ? 'If-Match' : isForNone(req) ? 'If-None-Match' : undefined
  if (unmet === undefined) return
  await find()
  throw preconditionFailed(unmet)
}

const namesTag = (req: IncomingMessage) => (header(req, 'if-match') ?? '*').trim() !== '*'

const isForNone = (req: IncomingMessage) => header(req, 'if-none-match')?.trim() === '*'
