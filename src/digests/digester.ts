import { createHash, hash } from 'node:crypto'
import { type Digests, headBytes } from '../model/blob.ts'
import { createBlockCrc32 } from './blockChecks.ts'
import type { DigestThreads } from './digestThreads.ts'

/** Takes the bytes of a file, one buffer after the other, and computes the size and digests of its receipt. */
export interface Digester {
  /** The caller must not change `bytes` until this resolves; the first 64 KiB, until `finish` or `close`. */
  update(bytes: Buffer): Promise<void>
  /** Throws `storage-unavailable` when the thread ended. */
  finish(): Promise<{ size: number; digests: Digests; blockCrc32: Buffer; head: Buffer }>
  /** Ends the digester, finished or not. */
  close(): void
}

/** A file up to this size is digested with one call per digest, on the event loop. */
const SMALL_BYTES = 64 * 1024

/** Computes SHA-512 only when `sha512` is true. With `threads`, a thread computes a part of the digests of a large file. */
export function createDigester({ sha512 }: { sha512: boolean }, threads?: DigestThreads): Digester {
  const blocks = createBlockCrc32()
  const head: Buffer[] = []
  let headLength = 0
  let size = 0
  let early: Buffer[] = []
  let hashes: Hashes | undefined

  return {
    async update(bytes) {
      size += bytes.length
      blocks.update(bytes)
      if (headLength < headBytes) head.push(bytes.subarray(0, headBytes - headLength))
      headLength += bytes.length
      early.push(bytes)
      if (size <= SMALL_BYTES) return
      hashes ??= createHashes(sha512, threads)
      const due = early
      early = []
      for (const buffer of due) await hashes.update(buffer)
    },
    async finish() {
      const digests = hashes ? await hashes.finish() : hashOnce(early, sha512)
      return { size, digests, blockCrc32: blocks.finish(), head: Buffer.concat(head) }
    },
    close: () => hashes?.close(),
  }
}

interface Hashes {
  update(bytes: Buffer): Promise<void>
  finish(): Promise<Digests>
  close(): void
}

/** With threads, the event loop computes SHA-256 and a thread the other digests, which take about as long. */
function createHashes(sha512: boolean, threads: DigestThreads | undefined): Hashes {
  const sha256 = createHash('sha256')
  const names = sha512 ? ['sha1', 'md5', 'sha512'] : ['sha1', 'md5']
  const there = threads?.open(names)
  const here = there ? [] : names.map((name) => createHash(name))
  return {
    async update(bytes) {
      await there?.update(bytes)
      for (const hash of [sha256, ...here]) hash.update(bytes)
    },
    async finish() {
      const [sha1, md5, last] = there ? await there.finish() : here.map((hash) => hash.digest())
      if (!sha1 || !md5) throw new Error('A digest is missing.')
      return { sha256: sha256.digest(), sha1, md5, sha512: last }
    },
    close: () => there?.close(),
  }
}

/** The digests of a small file: one call for each, without hash objects. */
function hashOnce(buffers: readonly Buffer[], sha512: boolean): Digests {
  const [only] = buffers
  const bytes = only && buffers.length === 1 ? only : Buffer.concat(buffers)
  return {
    sha256: hash('sha256', bytes, 'buffer'),
    sha1: hash('sha1', bytes, 'buffer'),
    md5: hash('md5', bytes, 'buffer'),
    sha512: sha512 ? hash('sha512', bytes, 'buffer') : undefined,
  }
}
