import type { Deps } from '../../deps.ts'
import { createDigester } from '../../digests/digester.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { storageFull, uploadFenced } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import type { Receipt } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { beginLease, giveUp } from './lease.ts'

/** The facts that are known about the bytes of a file before they arrive. */
export interface ReceiveOptions {
  /** Whether to compute a SHA-512 too. */
  readonly sha512: boolean
  /** The number of bytes that the client declared; undefined when it declared none. */
  readonly declaredBytes: number | undefined
  /** The largest number of bytes that the file may have. */
  readonly maxBytes: number
}

/**
 * Receives the bytes of one file (U1-U8): takes a key with an intent, writes the bytes to the storage while hashing and counting
 * them, and returns a receipt when they are durable. Throws `file-too-large`, `storage-full`, `storage-unavailable`,
 * `upload-fenced`, or what `bytes` throws; the bytes that were written by then are in the trash.
 */
export async function receiveBytes(
  deps: Deps,
  bytes: AsyncIterable<Buffer>,
  { sha512, declaredBytes, maxBytes }: ReceiveOptions,
): Promise<Receipt> {
  if (declaredBytes !== undefined && declaredBytes > maxBytes) throw fileTooLarge(maxBytes)
  await insistOnRoom(deps, declaredBytes ?? 0)

  await failpoint('U0')
  const storageKey = await deps.keys.take()
  const digester = createDigester({ sha512 }, deps)
  const lease = beginLease(deps, storageKey)

  async function* received() {
    let size = 0
    for await (const chunk of bytes) {
      lease.insist()
      size += chunk.length
      if (size > maxBytes) throw fileTooLarge(maxBytes)
      yield chunk
    }
    await failpoint('U4')
  }

  const source = digester.batches(received())
  try {
    await deps.storage.write(storageKey, source)
    return { storageKey, lease, ...(await digester.finish()) }
  } catch (error) {
    // The only place that gives up the bytes of an upload that was cut: half a file is never kept as a whole one.
    // Not awaited: the generator may be waiting for bytes that never come.
    source.return().catch(() => {})
    const intentExisted = await giveUp(deps, { storageKey, lease })
    if (intentExisted || !hasCode(error, 'storage-unavailable')) throw error
    // The storage works: the intent was reaped, and a sweep removed the file during the write.
    deps.keys.discard()
    throw uploadFenced()
  } finally {
    digester.close()
  }
}

/** Throws `storage-full`. Bytes that were given up and are about to be removed count as room. */
async function insistOnRoom({ storage, sweeper }: Deps, bytes: number): Promise<void> {
  if ((await storage.freeBytes()) >= bytes) return
  await sweeper.settled()
  if ((await storage.freeBytes()) < bytes) throw storageFull()
}
