import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { copyPart, type RangeCopy, type S3Upload } from './copies.ts'
import type { S3Objects } from './objects.ts'
import type { PartBuffer } from './partBuffers.ts'
import { lengthOf } from './planComposition.ts'
import { prove } from './proofs.ts'

/** Seconds beyond the deadline to put parts together: 10,000 parts may take minutes, and some servers are silent meanwhile. */
export const COMPLETE_SECONDS = 600

export interface PutPartsOptions {
  /** A name that is used once. */
  readonly name: string
  readonly parts: AsyncIterable<PartBuffer | RangeCopy>
  /** Throws when the parts that were sent must not become an object. */
  confirm?(): Promise<void>
  /** Aborted with the failure of a part, so that the source of the parts can stop at once. */
  readonly failing?: AbortController
}

/**
 * Writes an object in parts; each part is sent as soon as it comes, and released when it is sent. No request is under way
 * when this ends. Throws what the SDK throws, and what `parts` throws; an unfinished upload stays for the sweeper.
 */
export async function putParts(
  calls: S3Calls,
  objects: S3Objects,
  { name, parts, confirm, failing }: PutPartsOptions,
): Promise<void> {
  const { send, sendPatiently, s3Bucket: Bucket, proof } = calls
  await objects.insistOnUnused(name)
  await failpoint('U2')
  const checksum = proof === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {}
  let begunTwice = false
  const onRepeat = () => {
    begunTwice = true
  }
  const beginning = new CreateMultipartUploadCommand({ Bucket, Key: name, ...checksum })
  const { UploadId } = await send(beginning, { onRepeat })
  const { sent, size } = await sendAll(calls, { Key: name, UploadId }, { parts, failing })
  await confirm?.()
  await failpoint('U5')
  const command = new CompleteMultipartUploadCommand({
    ...{ Bucket, Key: name, UploadId },
    MultipartUpload: { Parts: sent },
  })
  await objects.settle(name, size, () => sendPatiently(command, { extraSeconds: COMPLETE_SECONDS }))
  // Uploads that a lost answer began are unknown, and the sweeper leaves them while the object exists.
  if (begunTwice) await objects.abortUploads(name)
}

async function sendAll(
  calls: S3Calls,
  upload: S3Upload,
  { parts, failing }: Pick<PutPartsOptions, 'parts'> & { readonly failing: AbortController | undefined },
): Promise<{ sent: CompletedPart[]; size: number }> {
  const sent: CompletedPart[] = []
  const running: Promise<void>[] = []
  let failure: { readonly error: unknown } | undefined
  let size = 0

  async function sendOne(part: PartBuffer | RangeCopy, PartNumber: number) {
    try {
      await failpoint('U3')
      sent[PartNumber - 1] =
        'bytes' in part
          ? await sendPart(calls, upload, { bytes: part.bytes, PartNumber })
          : await copyPart(calls, upload, { ...part, PartNumber })
    } catch (error) {
      failure ??= { error }
      failing?.abort(error)
    } finally {
      part.release()
    }
  }

  try {
    for await (const part of parts) {
      size += 'bytes' in part ? part.bytes.length : lengthOf(part.range)
      running.push(sendOne(part, running.length + 1))
      if (failure) break
    }
  } finally {
    await Promise.all(running) // no part may arrive after its storage key was given up
  }
  if (failure) throw failure.error
  return { sent, size }
}

async function sendPart(
  { send, s3Bucket: Bucket, proof: kind }: S3Calls,
  upload: S3Upload,
  { bytes, PartNumber }: { readonly bytes: Buffer; readonly PartNumber: number },
): Promise<CompletedPart> {
  const proof = prove(kind, bytes)
  const body = { Body: bytes, ContentLength: bytes.length }
  const command = new UploadPartCommand({ Bucket, ...upload, PartNumber, ...body, ...proof })
  const { ETag } = await send(command, { bodyBytes: bytes.length })
  return { PartNumber, ETag, ChecksumCRC32: proof.ChecksumCRC32 }
}
