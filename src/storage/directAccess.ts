import type { StorageKey } from '../model/blob.ts'

/** Seven days: S3 signs for no longer, and so does this service. */
export const longestLinkSeconds = 604_800

/**
 * Signed requests with which clients move bytes directly to or from the storage. A client may repeat a request until it
 * expires, so bytes that clients wrote do not become a file in place: clients write under `staging/`, and the service copies the
 * bytes to another key. Every function throws `storage-unavailable`.
 */
export interface DirectAccess {
  /**
   * A URL to GET the bytes; the answer has the media type and the disposition, and only the client may cache it. Undefined
   * when the bytes are still in the storage they move from, and when the service's own credentials expire earlier.
   */
  signRead(key: StorageKey, options: SignReadOptions): Promise<string | undefined>

  /**
   * A URL to PUT the bytes. The storage refuses another number of bytes, another media type and, where it knows checksums,
   * other bytes. It may take further headers, as with parts (docs/decisions/0010); a form allows no further fields.
   */
  signPut(key: StorageKey, options: SignWriteOptions): Promise<SignedRequest>

  /** A form to POST the bytes: `fields` and no others, then the part `file` (RFC 7578). The storage answers 201. */
  signPost(key: StorageKey, options: SignWriteOptions): Promise<SignedRequest>

  /** Begins an upload in parts. Returns the id that the storage gave it. */
  beginParts(key: StorageKey): Promise<string>

  /** A URL to PUT one part, numbered from 1 to 10,000. Every part but the last has at least 5 MiB. */
  signPart(key: StorageKey, uploadId: string, partNumber: number, seconds: number): Promise<SignedPart>

  /**
   * The ETag of the bytes without quotes: their MD5 in hex, or for an upload in parts the MD5 of the parts' MD5s, `-` and the
   * number of parts. A storage that encrypts returns another tag, so a difference proves nothing.
   */
  tagOf(key: StorageKey): Promise<string | undefined>

  /** The parts that have arrived, in the order of their numbers. Throws `upload-not-found`. */
  listParts(key: StorageKey, uploadId: string): Promise<readonly SentPart[]>

  /**
   * Joins the parts, in this order, and returns the number of bytes; does nothing when they were joined before. Throws
   * `upload-not-found`, and `parts-invalid` when a part differs from the storage's or is too small. To give an upload up, delete
   * its key: `Storage.delete` aborts unfinished uploads.
   */
  completeParts(
    key: StorageKey,
    uploadId: string,
    parts: readonly Pick<SentPart, 'partNumber' | 'etag'>[],
  ): Promise<number>
}

export interface SignReadOptions {
  /** Seconds that the URL is valid, at most seven days. */
  readonly seconds: number
  readonly mediaType: string
  /** The value of Content-Disposition. */
  readonly disposition: string
}

export interface SignWriteOptions {
  /** Seconds that the request is valid, at most seven days; fewer when the service's own credentials expire earlier. */
  readonly seconds: number
  /** The exact number of bytes; one PUT or POST takes at most 5 GiB. */
  readonly size: number
  readonly mediaType?: string | undefined
  /** In hex. Only storages that know such checksums enforce it: the service compares it always. */
  readonly sha256?: string | undefined
}

export interface SignedRequest {
  readonly method: 'PUT' | 'POST'
  readonly url: string
  /** Headers that the client must send unchanged, beside Content-Length. */
  readonly headers: Readonly<Record<string, string>>
  /** Seconds that it is valid. */
  readonly seconds: number
  /** Fields of the form, which come before its file; empty for a PUT. */
  readonly fields: Readonly<Record<string, string>>
}

export interface SignedPart {
  readonly url: string
  /** Seconds that it is valid. */
  readonly seconds: number
}

export interface SentPart {
  readonly partNumber: number
  /** The ETag of the part as the storage gives it, with its quotes if it has any. */
  readonly etag: string
  readonly size: number
}
