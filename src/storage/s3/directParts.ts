import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type ListPartsCommandOutput,
} from '@aws-sdk/client-s3'
import { partsInvalid, uploadNotFound } from '../../errors.ts'
import type { SentPart } from '../directAccess.ts'
import type { S3Calls } from './calls.ts'
import { isMissing, nameOf } from './errors.ts'
import type { S3Objects } from './objects.ts'
import { COMPLETE_SECONDS } from './putParts.ts'

/** Returns the id of the upload. Throws what the SDK throws. */
export async function beginS3Parts(
  { send, s3Bucket: Bucket }: S3Calls,
  Key: string,
  mediaType: string | undefined,
): Promise<string> {
  const { UploadId } = await send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: mediaType }))
  if (UploadId === undefined) throw new Error(`S3 named no upload to ${Key}.`)
  return UploadId
}

/** By their numbers. Throws `upload-not-found`, and what the SDK throws. */
export async function listS3Parts(
  { send, s3Bucket: Bucket }: S3Calls,
  Key: string,
  UploadId: string,
): Promise<SentPart[]> {
  const parts: SentPart[] = []
  let PartNumberMarker: string | undefined
  do {
    const command = new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker })
    const page: ListPartsCommandOutput = await send(command).catch(refuse)
    for (const { PartNumber, ETag: etag, Size: size } of page.Parts ?? [])
      if (PartNumber !== undefined && etag !== undefined && size !== undefined)
        parts.push({ partNumber: PartNumber, etag, size })
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (PartNumberMarker !== undefined)
  // One that was sent again is listed once, or twice with the newest last, as SeaweedFS does.
  return [...new Map(parts.map((part) => [part.partNumber, part])).values()].toSorted(byNumber)
}

/** Returns the bytes of the object. Throws `upload-not-found`, `parts-invalid`, and what the SDK throws. */
export async function completeS3Parts(
  { send, sendPatiently, s3Bucket: Bucket, objects }: S3Calls & { readonly objects: S3Objects },
  upload: { readonly Key: string; readonly UploadId: string },
  parts: readonly Pick<SentPart, 'partNumber' | 'etag'>[],
): Promise<number> {
  const place = { Bucket, ...upload }
  if (parts.length === 0) throw partsInvalid('there are none')
  const Parts = parts
    .toSorted(byNumber)
    .map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }))
  const command = new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts } })
  // Asked first, for some servers answer the completion of what they do not know with a failure of their own.
  const failure = await send(new ListPartsCommand({ ...place, MaxParts: 1 }))
    .then(() => sendPatiently(command, { extraSeconds: COMPLETE_SECONDS }))
    .then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
  // The answer may be lost, or be a failure after success: what counts is what is there.
  const size = await objects.sizeOf(upload.Key)
  if (size !== undefined) return size
  return refuse(failure ? failure.error : new Error(`S3 holds nothing as ${upload.Key}.`))
}

type Numbered = Pick<SentPart, 'partNumber'>
const byNumber = (one: Numbered, other: Numbered) => one.partNumber - other.partNumber

const CLIENT_MISTAKES = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML'])

/** Throws what a client did wrong as that, and everything else as it is. */
function refuse(error: unknown): never {
  if (isMissing(error)) throw uploadNotFound()
  const name = nameOf(error) ?? ''
  throw CLIENT_MISTAKES.has(name) ? partsInvalid(`the storage answers ${name}`) : error
}
