import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { storageUnavailable } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { PartBuffer } from './partBuffers.ts'
import type { S3Calls } from './s3Calls.ts'
import type { S3Objects } from './s3Objects.ts'
import { prove } from './s3Proofs.ts'

/** Putting ten thousand parts together may take minutes, and some servers say nothing meanwhile. */
const COMPLETE_SECONDS = 600

/**
 * Writes an object in parts, as many at once as there are; each is released when it is sent. Nothing is on its way any
 * more when this ends. Throws what the SDK throws, and what `parts` throws; an unfinished upload stays for the sweeper.
 */
export async function putParts(
  calls: S3Calls,
  objects: S3Objects,
  name: string,
  parts: AsyncIterable<PartBuffer>,
): Promise<void> {
  const { send, sendPatiently, s3Bucket: Bucket, proof } = calls
  // Few servers refuse the second to complete a name. Names are random: this only tells of a mistake of ours.
  if ((await objects.sizeOf(name)) !== undefined) throw new Error(`${name} was written before`)
  await failpoint('U2')
  const checksum = proof === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {}
  const { UploadId } = await send(new CreateMultipartUploadCommand({ Bucket, Key: name, ...checksum }))
  const { sent, size } = await sendAll(calls, { Key: name, UploadId }, parts)
  await failpoint('U5')
  const command = new CompleteMultipartUploadCommand({
    ...{ Bucket, Key: name, UploadId },
    MultipartUpload: { Parts: sent },
  })
  // Its answer may be lost, or be a failure after success: what counts is what is there.
  const failure = await sendPatiently(command, { extraSeconds: COMPLETE_SECONDS }).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  await failpoint('U7')
  const found = await objects.sizeOf(name)
  if (found === size) return
  throw failure
    ? failure.error
    : storageUnavailable(new Error(`S3 holds ${found} bytes of ${size} as ${name}.`))
}

async function sendAll(
  { send, s3Bucket: Bucket, proof: kind }: S3Calls,
  upload: { readonly Key: string; readonly UploadId: string | undefined },
  parts: AsyncIterable<PartBuffer>,
): Promise<{ sent: CompletedPart[]; size: number }> {
  const sent: CompletedPart[] = []
  const running: Promise<void>[] = []
  let failure: { readonly error: unknown } | undefined
  let size = 0

  async function sendOne({ bytes, release }: PartBuffer, PartNumber: number) {
    try {
      const proof = prove(kind, bytes)
      const body = { Body: bytes, ContentLength: bytes.length }
      await failpoint('U3')
      const command = new UploadPartCommand({ Bucket, ...upload, PartNumber, ...body, ...proof })
      const { ETag } = await send(command, { bodyBytes: bytes.length })
      sent[PartNumber - 1] = { PartNumber, ETag, ...('ChecksumCRC32' in proof && proof) }
    } catch (error) {
      failure ??= { error }
    } finally {
      release()
    }
  }

  try {
    for await (const part of parts) {
      size += part.bytes.length
      running.push(sendOne(part, running.length + 1))
      if (failure) break
    }
  } finally {
    await Promise.all(running) // what is on its way must not land after its storage key was given up
  }
  if (failure) throw failure.error
  return { sent, size }
}
