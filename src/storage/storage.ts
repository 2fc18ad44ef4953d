import type { ByteRange, StorageKey } from '../model/blob.ts'
import type { DirectAccess } from './directAccess.ts'

export interface StoredObject {
  readonly key: StorageKey
  /** False for bytes of a write that has not finished. */
  readonly finished: boolean
}

/** The values of STORAGE. Their order is part of the locks of running services: a new kind comes last. */
export const storageKinds = ['volume', 's3'] as const

export type StorageKind = (typeof storageKinds)[number]

/** A storage in the words of whoever runs it. */
export interface StorageDescription {
  /** The value of STORAGE that chooses it. */
  readonly kind: StorageKind
  /** Where its id is kept. */
  readonly identity: string
  /** Where the highest intent sequence is kept. */
  readonly mark: string
  /** The settings that say where it is. */
  readonly settings: string
  /** What to ask oneself when the id is not there. */
  readonly question: string
}

/** Keeps bytes under keys that are used once. What resolved is durable; what rejected is not readable. */
export interface Storage {
  readonly description: StorageDescription

  /** Throws `storage-full` or `storage-unavailable`, and whatever `bytes` throws. */
  write(key: StorageKey, bytes: AsyncIterable<readonly Buffer[]>): Promise<void>

  /**
   * Yields buffers of `blockBytes`, the last one shorter; each is overwritten once the next one is asked for. Throws
   * `file-not-found` before the first when there is nothing.
   */
  read(key: StorageKey, range: ByteRange, blockBytes: number): AsyncGenerator<Buffer, void, void>

  /** How many bytes are there; undefined when there are none under this key. */
  size(key: StorageKey): Promise<number | undefined>

  /**
   * Makes one of the bytes under `parts`, in that order, under a fresh key; durable when it resolves. Each part is read as
   * it was at the beginning. Throws `file-not-found` when one is missing, `storage-full`, `storage-unavailable`.
   */
  compose(key: StorageKey, parts: readonly StorageKey[]): Promise<void>

  /** Undefined where clients cannot be sent to the storage itself: on a volume. */
  readonly direct: DirectAccess | undefined

  /** Durable when it resolves. Does nothing when it is not there. */
  delete(key: StorageKey): Promise<void>

  /** Everything there is, finished or not, or only what is in one shard; what has no key is not ours. */
  list(shard?: string): AsyncIterable<StoredObject>

  /** Write, read, rename, fsync, delete something small, on the storage this was bound to. Throws `storage-unavailable`. */
  check(): Promise<void>

  /** Bytes for which there is room, as it was a moment ago at the latest. */
  freeBytes(): Promise<number>

  /** The id this storage carries, so that another one in its place is noticed; undefined on a new one. */
  readIdentity(): Promise<string | undefined>
  /** Durable when it resolves. From then on `check` and `write` insist on it. */
  writeIdentity(id: string): Promise<void>

  /** The highest intent sequence this storage was told of; tells a rolled-back database. */
  readMark(): Promise<number>
  /** Never lowers it. */
  writeMark(sequence: number): Promise<void>
}
