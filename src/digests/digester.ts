import { createHash, hash } from 'node:crypto'
import { type Digests, headBytes } from '../model/blob.ts'
import { createBlockCrc32 } from './blockChecks.ts'
import type { DigestThreads } from './digestThreads.ts'

/** Takes the bytes of a file, one buffer after the other, and computes the size and digests of its receipt. */
export interface Digester {
  /** The caller must not change `bytes` until this resolves; the first 64 KiB, never: they become `head`. */
  update(bytes: Buffer): Promise<void>
  /** Throws `storage-unavailable` when the thread ended. */
  finish(): Promise<{ size: number; digests: Digests; blockCrc32: Buffer; head: Buffer }>
  /** Ends the digester, finished or not. */
  close(): void
}

/** Computes SHA-512 only when `sha512` is true. With `threads`, a thread computes a part of the digests of a large file. */
export function createDigester({ sha512 }: { sha512: boolean }, threads?: DigestThreads): Digester {
  const blocks = createBlockCrc32()
  let head: Buffer = Buffer.alloc(0)
  let size = 0
  let early: Buffer[] = []
  let hashes: Hashes | undefined

  return {
    async update(bytes) {
      size += bytes.length
      blocks.update(bytes)
      early.push(bytes)
      if (size <= headBytes) return
      if (!hashes) {
        head = Buffer.concat(early, headBytes)
        hashes = createHashes(sha512, threads)
      }
      const due = early
      early = []
      for (const buffer of due) await hashes.update(buffer)
    },
    async finish() {
      if (!hashes) head = join(early)
      const digests = hashes ? await hashes.finish() : hashOnce(head, sha512)
      return { size, digests, blockCrc32: blocks.finish(), head }
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

/** The buffers as one, without a copy when there is only one. */
function join(buffers: readonly Buffer[]): Buffer {
  const [only] = buffers
  return only && buffers.length === 1 ? only : Buffer.concat(buffers)
}

/** The digests of a file of at most `headBytes`: one call for each, on the event loop, without hash objects. */
function hashOnce(bytes: Buffer, sha512: boolean): Digests {
  return {
    sha256: hash('sha256', bytes, 'buffer'),
    sha1: hash('sha1', bytes, 'buffer'),
    md5: hash('md5', bytes, 'buffer'),
    sha512: sha512 ? hash('sha512', bytes, 'buffer') : undefined,
  }
}
