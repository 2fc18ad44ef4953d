import type { StorageKey } from '../model/blob.ts'

/** Seven days: S3 signs for no longer, and so does this service. */
export const longestLinkSeconds = 604_800

/**
 * Signed requests with which clients move bytes past the service, straight to the storage. Whoever has one may use it
 * again and again until it expires, so what clients write is never used as it is: its key is one of `staging/`, and its
 * bytes are copied to a fresh one. Everything throws `storage-unavailable`.
 */
export interface DirectAccess {
  /**
   * A URL to GET the bytes with; the answer carries the type and the disposition, and may be kept by its client only.
   * Undefined for bytes that clients cannot reach, because they are still to be moved here, and when the service's own
   * credentials expire before.
   */
  signRead(key: StorageKey, options: SignReadOptions): Promise<string | undefined>

  /**
   * The storage refuses another number of bytes, another type and, where it can tell, other bytes. What headers may come
   * along is for the storage to say, as with parts (docs/decisions/0010): a form is stricter.
   */
  signPut(key: StorageKey, options: SignWriteOptions): Promise<SignedRequest>

  /** The same as a form (RFC 7578): `fields`, no others, and then the part `file`; done is answered with 201. */
  signPost(key: StorageKey, options: SignWriteOptions): Promise<SignedRequest>

  /** Begins bytes that a client sends in parts. Returns the id that the storage gave the upload. */
  beginParts(key: StorageKey, options: { readonly mediaType?: string | undefined }): Promise<string>

  /** A URL to PUT a part with, from 1 to 10,000; all but the last have 5 MiB at least. */
  signPart(key: StorageKey, uploadId: string, partNumber: number, seconds: number): Promise<SignedPart>

  /**
   * What the storage says the bytes under a key are, without quotes: their MD5 in hex, or of bytes that came in parts the MD5
   * of the parts' MD5s, `-` and their number. Something else where it encrypts, so a difference proves nothing.
   */
  tagOf(key: StorageKey): Promise<string | undefined>

  /** The parts that are there, by their numbers. Throws `upload-not-found`. */
  listParts(key: StorageKey, uploadId: string): Promise<readonly SentPart[]>

  /**
   * Makes one of the parts, in this order, and returns how many bytes it has; does nothing when that was done before.
   * Throws `upload-not-found`, and `parts-invalid` when they are others than the storage has, or too small.
   * What is to be given up is deleted as everything else: `Storage.delete` aborts what is unfinished.
   */
  completeParts(
    key: StorageKey,
    uploadId: string,
    parts: readonly Pick<SentPart, 'partNumber' | 'etag'>[],
  ): Promise<number>
}

export interface SignReadOptions {
  /** How long the URL may be used, at most seven days. */
  readonly seconds: number
  readonly mediaType: string
  /** The value of Content-Disposition. */
  readonly disposition: string
}

export interface SignWriteOptions {
  /** How long the request may be used, at most seven days; less when the service's own credentials expire before. */
  readonly seconds: number
  /** Exactly so many bytes; one PUT or POST takes at most 5 GiB. */
  readonly size: number
  readonly mediaType?: string | undefined
  /** In hex. Enforced only where the storage knows such checksums: the service has to compare it in any case. */
  readonly sha256?: string | undefined
}

export interface SignedRequest {
  readonly method: 'PUT' | 'POST'
  readonly url: string
  /** Headers that have to be sent as they are; Content-Length every client computes by itself. */
  readonly headers: Readonly<Record<string, string>>
  /** How long it may be used. */
  readonly seconds: number
  /** Fields of the form that have to come before its file; none of a PUT. */
  readonly fields: Readonly<Record<string, string>>
}

export interface SignedPart {
  readonly url: string
  /** How long it may be used. */
  readonly seconds: number
}

export interface SentPart {
  readonly partNumber: number
  /** As the storage names the part's bytes, with its quotes if it has some. */
  readonly etag: string
  readonly size: number
}
