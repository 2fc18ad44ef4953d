import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import { abandon } from '../../domain/storing/lease.ts'
import type { Receipt } from '../../model/blob.ts'

/** A file that came with a request, on the storage already. */
export interface ReceivedFile {
  readonly receipt: Receipt
  readonly filename: string | undefined
  readonly contentType: string | undefined
  readonly claim: IdempotentClaim | undefined
}

const received = new WeakMap<Request, ReceivedFile>()

/** Keeps a received file for the handler. Whatever is not taken by the time the request is over is given up. */
export function keepReceived(
  deps: Pick<Deps, 'db' | 'logger'>,
  req: Request,
  res: Response,
  file: ReceivedFile,
): void {
  received.set(req, file)
  res.once('close', () => {
    if (received.delete(req)) void abandon(deps, file.receipt.storageKey)
  })
}

/** Hands the received file to whoever will store it, once. Throws when the operation received none. */
export function takeReceived(req: object): ReceivedFile {
  const request = req as Request
  const file = received.get(request)
  if (!file) throw new Error('No file was received for this request.')
  received.delete(request)
  return file
}

/** Bytes that were taken from the request already are given up when `work` throws. */
export async function refusing<Result>(
  deps: Pick<Deps, 'db' | 'logger'>,
  { receipt }: Pick<ReceivedFile, 'receipt'>,
  work: () => Result,
): Promise<Result> {
  try {
    return work()
  } catch (error) {
    await abandon(deps, receipt.storageKey)
    throw error
  }
}
