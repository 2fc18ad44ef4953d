import type { Deps } from '../../deps.ts'
import type { Receipt } from '../../model/blob.ts'
import { verifyReceived } from '../fields/digestFields.ts'
import { refusing, takeReceived } from './received.ts'

/** Hands over the receipt of a request whose bytes have the digests that came with it. Throws `digest-mismatch`. */
export async function takeVerified(deps: Pick<Deps, 'db' | 'logger'>, req: object): Promise<Receipt> {
  const { receipt, expectedDigests, bodyDigests } = takeReceived(req)
  await refusing(deps, { receipt }, () => verifyReceived(expectedDigests, receipt.digests, bodyDigests))
  return receipt
}
