import type { ByteRange, StorageKey } from '../model/blob.ts'
import type { DirectAccess } from './directAccess.ts'

export interface StoredObject {
  readonly key: StorageKey
  /** False for the bytes of an unfinished write. */
  readonly finished: boolean
}

/** The values of STORAGE. Their order is part of the locks of running services: a new kind comes last. */
export const storageKinds = ['volume', 's3'] as const

export type StorageKind = (typeof storageKinds)[number]

/** A storage in words for its operator. */
export interface StorageDescription {
  /** The value of STORAGE that chooses this storage. */
  readonly kind: StorageKind
  /** The name of the file or object with the storage's id. */
  readonly identity: string
  /** The path of the file or object with the highest intent sequence. */
  readonly mark: string
  /** The settings that lead to this storage. */
  readonly settings: string
  /** The question for the operator when the id is missing. */
  readonly question: string
}

/** The bytes under one key, open for reading. */
export interface BlobReader {
  /**
   * Fills `buffer` with the bytes from `position` on, in any order within the range of `open`; a storage is quickest when each
   * read begins where the last one ended. One read at a time. Throws `file-damaged` when the bytes end earlier,
   * `file-not-found`, `storage-unavailable`.
   */
  read(position: number, buffer: Buffer): Promise<void>
  /** Frees the memory of what arrives for the next read, which may be far away. Between reads only. */
  pause(): void
  /** Ends a read that has not ended: its promise is rejected, or resolved before `close` is. */
  close(): Promise<void>
}

/** Keeps bytes under keys that are used once. A write that resolved is durable; a write that rejected is not readable. */
export interface Storage {
  readonly description: StorageDescription

  /**
   * Writes bytes that are in memory as a whole. For small files, at most `headBytes`: a volume copies them and does not reserve
   * room. Throws `storage-full` or `storage-unavailable`.
   */
  put(key: StorageKey, bytes: Buffer): Promise<void>

  /**
   * Writes bytes as they come. A batch may be overwritten once the second batch after it was asked for. Throws `storage-full` or
   * `storage-unavailable`, and the errors of `bytes`.
   */
  write(key: StorageKey, bytes: AsyncIterable<readonly Buffer[]>): Promise<void>

  /**
   * Opens the bytes under a key; `range` is what will be read of them. Throws `file-not-found`, `file-damaged` when there are
   * fewer bytes, `storage-unavailable`.
   */
  open(key: StorageKey, range: ByteRange): Promise<BlobReader>

  /** Bytes under the key; undefined when the key has none. */
  size(key: StorageKey): Promise<number | undefined>

  /**
   * Joins the bytes under `parts`, in that order, under a key that was never used; durable when it resolves. Each part is read
   * as it was at the beginning. Throws `file-not-found` when a part is missing, `storage-full`, `storage-unavailable`.
   */
  compose(key: StorageKey, parts: readonly StorageKey[]): Promise<void>

  /** Undefined for a volume: clients cannot reach it. */
  readonly direct: DirectAccess | undefined

  /** Durable when it resolves. Does nothing when the key has no bytes. */
  delete(key: StorageKey): Promise<void>

  /** All bytes with a key, finished or not; of one shard when it is named. */
  list(shard?: string): AsyncIterable<StoredObject>

  /**
   * Tries every right that an upload, a download and a sweep need, with a test object. Throws `storage-full`, and
   * `storage-unavailable`, as when the id differs from the last `readIdentity`.
   */
  check(): Promise<void>

  /** Whether there is room for every write, as in S3: bytes that were given up can wait for their removal. */
  readonly boundless: boolean

  /**
   * Bytes that writes may still take: on a volume those above the reserve, below 0 when the reserve is touched. Throws
   * `storage-unavailable` when a volume that lost bytes fails its check: no byte of an upload is taken then.
   */
  freeBytes(): Promise<number>

  /** The id of this storage, which tells it from every other; undefined on a new storage. */
  readIdentity(): Promise<string | undefined>
  /** Durable when it resolves. From then on `check` and `write` throw when the storage has another id. */
  writeIdentity(id: string): Promise<void>

  /** The highest intent sequence that was written to this storage: a database below it was rolled back. */
  readMark(): Promise<number>
  /** Never lowers the mark. */
  writeMark(sequence: number): Promise<void>
}
