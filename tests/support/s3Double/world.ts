import type { Algorithm, Checksum } from './checksums.ts'
import { refusal } from './refusal.ts'

/** An object, never changed: another takes its place. */
export interface S3Object {
  readonly key: string
  /** Its bytes one after the other; parts stay as they came. */
  readonly pieces: readonly Buffer[]
  readonly size: number
  /** With its quotes. */
  readonly etag: string
  readonly modified: Date
  /** The other headers of HEAD and GET: content-type, x-amz-meta-… */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum: Checksum | undefined
}

export interface S3Part {
  readonly bytes: Buffer
  readonly etag: string
  readonly modified: Date
  readonly checksum: Checksum | undefined
}

export interface S3Upload {
  /** Later uploads have greater ids. */
  readonly id: string
  readonly key: string
  readonly begun: Date
  readonly headers: Readonly<Record<string, string>>
  /** What its parts are to be proven by, and how that becomes the checksum of the whole. */
  readonly checksum: { readonly algorithm: Algorithm; readonly type: Checksum['type'] } | undefined
  readonly parts: Map<number, S3Part>
}

/** Everything a bucket holds, in memory. */
export interface S3BucketContents {
  readonly created: Date
  readonly objects: Map<string, S3Object>
  readonly uploads: Map<string, S3Upload>
  /** The number of puts and deletions of each key. */
  readonly changes: Map<string, number>
}

export type World = Map<string, S3BucketContents>

export const createBucketContents = (created: Date): S3BucketContents => ({
  created,
  objects: new Map(),
  uploads: new Map(),
  changes: new Map(),
})

export function putObject(contents: S3BucketContents, object: S3Object): void {
  contents.objects.set(object.key, object)
  countChange(contents, object.key)
}

export function deleteObject(contents: S3BucketContents, key: string): void {
  if (contents.objects.delete(key)) countChange(contents, key)
}

const countChange = ({ changes }: S3BucketContents, key: string) =>
  void changes.set(key, (changes.get(key) ?? 0) + 1)

export function findObject({ objects }: S3BucketContents, key: string): S3Object {
  const object = objects.get(key)
  if (!object) throw refusal('NoSuchKey', 'The specified key does not exist.', { Key: key })
  return object
}

/** An upload is found by its id and its key together. */
export function findUpload({ uploads }: S3BucketContents, key: string, id: string): S3Upload {
  const upload = uploads.get(id)
  if (upload?.key !== key) {
    const message =
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.'
    throw refusal('NoSuchUpload', message, { UploadId: id })
  }
  return upload
}
