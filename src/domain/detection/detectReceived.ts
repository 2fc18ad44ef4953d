import type { Deps } from '../../deps.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import { type Declaration, detectMediaType } from './detectMediaType.ts'
import { createFileBytes } from './fileBytes.ts'

/** Detects the media type of received bytes. Throws `storage-unavailable` when bytes that decide cannot be read back. */
export function detectReceived(
  { storage }: Deps,
  { storageKey, size, head }: Receipt,
  claim: Declaration,
): Promise<string> {
  const file = createFileBytes({ size, head }, async (range) => {
    try {
      const reader = await storage.open(storageKey, range)
      const bytes = Buffer.allocUnsafe(range.last + 1 - range.first)
      await reader.read(range.first, bytes).finally(() => reader.close())
      return bytes
    } catch (error) {
      throw hasCode(error, 'storage-unavailable') ? error : storageUnavailable(error)
    }
  })
  return detectMediaType(file, claim)
}
