import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type ListPartsCommandOutput,
} from '@aws-sdk/client-s3'
import { partsInvalid, uploadNotFound } from '../../errors/uploads.ts'
import type { SentPart } from '../directAccess.ts'
import type { S3Calls } from './calls.ts'
import { errorName, isMissing } from './errors.ts'
import type { S3Objects } from './objects.ts'
import { COMPLETE_SECONDS } from './putParts.ts'

/** Returns the id of the upload. Throws what the SDK throws. */
export async function beginS3Parts({ send, s3Bucket: Bucket }: S3Calls, Key: string): Promise<string> {
  const { UploadId } = await send(new CreateMultipartUploadCommand({ Bucket, Key }))
  if (UploadId === undefined) throw new Error(`S3 named no upload to ${Key}.`)
  return UploadId
}

/** The parts in the order of their numbers. Throws `upload-not-found`, and what the SDK throws. */
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
  // A part that was sent twice is listed once, or twice with the newest last (SeaweedFS).
  return [...new Map(parts.map((part) => [part.partNumber, part])).values()].toSorted(byNumber)
}

/** Returns the size of the object in bytes. Throws `upload-not-found`, `parts-invalid`, and what the SDK throws. */
export async function completeS3Parts(
  { send, sendPatiently, s3Bucket: Bucket, objects }: S3Calls & { readonly objects: S3Objects },
  upload: { readonly Key: string; readonly UploadId: string },
  parts: readonly Pick<SentPart, 'partNumber' | 'etag'>[],
): Promise<number> {
  const target = { Bucket, ...upload }
  if (parts.length === 0) throw partsInvalid('no part is named')
  const Parts = parts
    .toSorted(byNumber)
    .map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }))
  const command = new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } })
  // Asked first: some servers answer the completion of an unknown upload with a failure of their own.
  const failure = await send(new ListPartsCommand({ ...target, MaxParts: 1 }))
    .then(() => sendPatiently(command, { extraSeconds: COMPLETE_SECONDS }))
    .then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
  // The answer may be lost, or be a failure after success: the object that is there decides.
  const size = await objects.sizeOf(upload.Key)
  if (size !== undefined) return size
  return refuse(failure ? failure.error : new Error(`S3 holds nothing as ${upload.Key}.`))
}

type Numbered = Pick<SentPart, 'partNumber'>
const byNumber = (one: Numbered, other: Numbered) => one.partNumber - other.partNumber

const CLIENT_MISTAKES = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML'])

/** Throws a mistake of the client as `upload-not-found` or `parts-invalid`, and every other error unchanged. */
function refuse(error: unknown): never {
  if (isMissing(error)) throw uploadNotFound()
  const name = errorName(error) ?? ''
  throw CLIENT_MISTAKES.has(name) ? partsInvalid(`the storage answers ${name}`) : error
}
