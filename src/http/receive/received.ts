import type { IncomingMessage } from 'node:http'
import type { Deps } from '../../deps.ts'
import { giveUp } from '../../domain/storing/lease.ts'
import { contextOf, type ReceivedFile } from '../contract/context.ts'

/** Hands the file that came with a request to its handler, once. Throws an Error when the request has no file, or no longer. */
export function takeReceived(req: IncomingMessage): ReceivedFile {
  const context = contextOf(req)
  const { received } = context
  if (!received) throw new Error('No file was received for this request.')
  context.received = undefined
  return received
}

/** Gives up the file that came with a request, unless a handler took it. */
export async function giveUpReceived(deps: Deps, req: IncomingMessage): Promise<void> {
  const context = contextOf(req)
  const { received } = context
  context.received = undefined
  if (received) await giveUp(deps, received.receipt)
}
