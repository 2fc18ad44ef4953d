import { type CompletedPart, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import type { ByteRange } from '../../model/blob.ts'
import type { S3Calls } from './calls.ts'
import type { S3Object } from './objects.ts'

/** An upload in parts, as every call about it names it. */
export interface S3Upload {
  readonly Key: string
  readonly UploadId: string | undefined
}

/** A part that the server makes itself, of a range of another object. */
export interface RangeCopy {
  readonly source: S3Object
  readonly range: ByteRange
  /** Called when it is made. */
  release(): void
}

/** How much longer than the deadline a server may take to copy. */
export const COPY_SECONDS = 600

/** The source of a copy, which the server refuses when it is not what it was, if it knows the condition. */
export const toCopySource = ({ s3Bucket }: S3Calls, { name, etag }: S3Object) => ({
  CopySource: `${s3Bucket}/${name.split('/').map(encodeURIComponent).join('/')}`,
  ...(etag !== undefined && { CopySourceIfMatch: etag }),
})

/** Makes a part of a range. Throws what the SDK throws. */
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
