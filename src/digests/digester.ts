import { hash } from 'node:crypto'
import { headBytes, type Receipt } from '../model/blob.ts'
import { joinBuffers } from '../runtime/joinBuffers.ts'
import { createBlockCrc32 } from './blockChecks.ts'
import { type BlockDigests, type DigestRoom, openBlockDigests } from './blockDigests.ts'

/** The facts of a receipt that follow from the bytes. */
export type Digested = Pick<Receipt, 'size' | 'digests' | 'blockCrc32' | 'head'>

/** The bytes of one file on their way: in batches for a storage, digested and counted. */
export interface Digester {
  /**
   * The bytes in batches: those of a file of at most `headBytes` as they came, those of a larger one in blocks of shared memory.
   * A batch stays as it is until the second batch after it is asked for. Throws `storage-unavailable`, and what `bytes` throws.
   */
  batches(bytes: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[], void, void>
  /** To be called after the last batch. Throws `storage-unavailable` when a thread ended. */
  finish(): Promise<Digested>
  /** Ends the digester, finished or not. Nobody may need the bytes of a batch any more. */
  close(): void
}

/** Computes SHA-512 only when `sha512` is true. */
export function createDigester({ sha512 }: { readonly sha512: boolean }, room: DigestRoom): Digester {
  let size = 0
  let head: Buffer = Buffer.alloc(0)
  let large: BlockDigests | undefined
  let closed = false

  /** The reader of a file that was given up may still wait for bytes, and get them. */
  function insistOnOpen() {
    if (closed) throw new Error('The digester of this file is closed.')
  }

  return {
    async *batches(bytes) {
      let early: Buffer[] = []
      for await (const chunk of bytes) {
        insistOnOpen()
        size += chunk.length
        early.push(chunk)
        if (size <= headBytes) continue
        if (!large) {
          head = Buffer.concat(early, headBytes)
          large = openBlockDigests({ sha512 }, room)
        }
        for (const buffer of early) for await (const block of large.fill(buffer)) yield [block]
        early = []
      }
      insistOnOpen()
      const rest = large?.rest()
      if (rest) yield [rest]
      if (large) return
      head = joinBuffers(early)
      if (size > 0) yield early
    },
    async finish() {
      return large ? { size, head, ...(await large.finish()) } : digestWhole(head, { sha512 })
    },
    close() {
      closed = true
      large?.close()
    },
  }
}

/** The digests of a file of at most `headBytes`: one call for each, on the event loop, without hash objects. */
export function digestWhole(bytes: Buffer, { sha512 }: { readonly sha512: boolean }): Digested {
  const checks = createBlockCrc32()
  checks.update(bytes)
  const digests = {
    sha256: hash('sha256', bytes, 'buffer'),
    sha1: hash('sha1', bytes, 'buffer'),
    md5: hash('md5', bytes, 'buffer'),
    sha512: sha512 ? hash('sha512', bytes, 'buffer') : undefined,
  }
  return { size: bytes.length, digests, blockCrc32: checks.finish(), head: bytes }
}
