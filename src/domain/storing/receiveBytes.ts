import type { Deps } from '../../deps.ts'
import { createDigester, type Digested, digestWhole } from '../../digests/digester.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { storageFull, uploadFenced } from '../../errors/service.ts'
import { hasCode } from '../../errors.ts'
import { headBytes, type Receipt, type Room, type StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { joinBuffers } from '../../runtime/joinBuffers.ts'
import { resumed } from '../../storage/resumed.ts'
import { beginLease, giveUp } from './lease.ts'

/** The facts that are known about the bytes of a file before they arrive. */
export interface ReceiveOptions {
  /** Whether to compute a SHA-512 too. */
  readonly sha512: boolean
  /** The number of bytes that the client declared; undefined when it declared none. */
  readonly declaredBytes: number | undefined
  /** The largest number of bytes that the file may have. */
  readonly maxBytes: number
  /** The room that was taken for the bytes; undefined when no limit of a bucket bounds them. */
  readonly room?: Room | undefined
}

/**
 * Receives the bytes of one file (U1-U8): takes a key with an intent, writes the bytes to the storage while hashing and counting
 * them, and returns a receipt when they are durable. Throws `file-too-large`, `quota-exceeded`, `storage-full`,
 * `storage-unavailable`, `upload-fenced`, or what `bytes` throws; the bytes that were written by then are in the trash, and the
 * room is given back.
 */
export async function receiveBytes(
  deps: Deps,
  bytes: AsyncIterable<Buffer>,
  { sha512, declaredBytes, maxBytes, room }: ReceiveOptions,
): Promise<Receipt> {
  const storageKey = await begin(deps, { declaredBytes, maxBytes }).catch(async (error: unknown) => {
    await room?.end()
    throw error
  })
  const lease = beginLease(deps, storageKey, room)
  const source = judged(bytes, (size) => {
    lease.insist()
    if (size > maxBytes) throw fileTooLarge(maxBytes)
    return room?.insist(size)
  })
  try {
    const { chunks, ended } = await takeStart(source)
    const write = ended
      ? putWhole(deps, { storageKey, sha512 }, joinBuffers(chunks))
      : writeLarge(deps, { storageKey, sha512 }, resumed(chunks, source))
    return { storageKey, lease, room, ...(await write) }
  } catch (error) {
    // The only place that gives up the bytes of an upload that was cut: half a file is never kept as a whole one.
    // Not awaited: the source may be waiting for bytes that never come.
    source.return?.().catch(() => {})
    const intentExisted = await giveUp(deps, { storageKey, lease, room })
    if (intentExisted || !hasCode(error, 'storage-unavailable')) throw error
    // The storage works: the intent was reaped, and a sweep removed the file during the write.
    deps.keys.discard()
    throw uploadFenced()
  }
}

/** Takes a storage key, when the limits and the storage have room for the bytes. */
async function begin(
  deps: Deps,
  { declaredBytes, maxBytes }: Pick<ReceiveOptions, 'declaredBytes' | 'maxBytes'>,
): Promise<StorageKey> {
  if (declaredBytes !== undefined && declaredBytes > maxBytes) throw fileTooLarge(maxBytes)
  await insistOnFreeBytes(deps, declaredBytes ?? 0)
  await failpoint('U0')
  return await deps.keys.take()
}

/**
 * The bytes as they come. `judge` gets the number of bytes that came so far, and throws when there are too many; a promise is
 * waited for.
 */
function judged(
  bytes: AsyncIterable<Buffer>,
  judge: (size: number) => Promise<void> | undefined,
): AsyncIterator<Buffer, void> {
  const chunks = bytes[Symbol.asyncIterator]()
  let size = 0
  return {
    async next() {
      const { value, done } = await chunks.next()
      if (done) {
        await failpoint('U4')
        return { value: undefined, done }
      }
      size += value.length
      const judging = judge(size)
      if (judging) await judging
      return { value, done: false }
    },
    async return() {
      await chunks.return?.()
      return { value: undefined, done: true }
    },
  }
}

/** Takes the first bytes: all of them, or more than `headBytes`. */
async function takeStart(source: AsyncIterator<Buffer, void>): Promise<{ chunks: Buffer[]; ended: boolean }> {
  const chunks: Buffer[] = []
  for (let size = 0; size <= headBytes; ) {
    const { value, done } = await source.next()
    if (done) return { chunks, ended: true }
    chunks.push(value)
    size += value.length
  }
  return { chunks, ended: false }
}

interface WriteOptions {
  readonly storageKey: StorageKey
  readonly sha512: boolean
}

async function putWhole(
  { storage }: Deps,
  { storageKey, sha512 }: WriteOptions,
  bytes: Buffer,
): Promise<Digested> {
  await storage.put(storageKey, bytes)
  return digestWhole(bytes, { sha512 })
}

/** Writes bytes while they are digested in blocks. */
async function writeLarge(
  deps: Deps,
  { storageKey, sha512 }: WriteOptions,
  bytes: AsyncIterable<Buffer>,
): Promise<Digested> {
  const digester = createDigester({ sha512 }, deps)
  try {
    await deps.storage.write(storageKey, digester.batches(bytes))
    return await digester.finish()
  } finally {
    digester.close()
  }
}

/** Throws `storage-full`. Bytes that were given up and are about to be removed count as room. */
async function insistOnFreeBytes({ storage, sweeper }: Deps, bytes: number): Promise<void> {
  if ((await storage.freeBytes()) >= bytes) return
  await sweeper.settled()
  if ((await storage.freeBytes()) < bytes) throw storageFull()
}
