import { type CompletedPart, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import type { ByteRange } from '../../model/blob.ts'
import type { S3Calls } from './calls.ts'
import type { S3Object } from './objects.ts'

/** An upload in parts, in the words of the SDK. */
export interface S3Upload {
  readonly Key: string
  readonly UploadId: string | undefined
}

/** A part that the server copies from a range of another object. */
export interface RangeCopy {
  readonly source: S3Object
  readonly range: ByteRange
  /** Called when the part is copied. */
  release(): void
}

/** Seconds beyond the deadline that a server may take to copy. */
export const COPY_SECONDS = 600

/** The source of a copy. Servers that know the condition refuse a source that was written anew. */
export const toCopySource = ({ s3Bucket }: S3Calls, { name, etag }: S3Object) => ({
  CopySource: `${s3Bucket}/${name.split('/').map(encodeURIComponent).join('/')}`,
  ...(etag !== undefined && { CopySourceIfMatch: etag }),
})

/** Lets the server copy a range into a part. Throws what the SDK throws. */
export async function copyPart(
  calls: S3Calls,
  upload: S3Upload,
  { source, range, PartNumber }: Pick<RangeCopy, 'source' | 'range'> & { readonly PartNumber: number },
): Promise<CompletedPart> {
  const command = new UploadPartCopyCommand({
    ...{ Bucket: calls.s3Bucket, ...upload, PartNumber, ...toCopySource(calls, source) },
    CopySourceRange: `bytes=${range.first}-${range.last}`,
  })
  const { CopyPartResult } = await calls.sendPatiently(command, { extraSeconds: COPY_SECONDS })
  const { ETag, ChecksumCRC32 } = CopyPartResult ?? {}
  return { PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) }
}
