import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { storageUnavailable } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { PartBuffer, PartBuffers } from './partBuffers.ts'
import { resumed } from './resumed.ts'
import { type S3Place, withDeadline } from './s3Client.ts'
import { isMissing, statusOf } from './s3Errors.ts'
import { toParts } from './s3Parts.ts'
import { confirms, prove } from './s3Proofs.ts'

export interface S3WriteOptions {
  readonly place: Pick<S3Place, 's3Bucket' | 'proof'>
  readonly buffers: PartBuffers
}

/** Writes objects under names that are used once. What resolved is there, whole, as the server itself says. */
export function createS3Writes(client: S3Client, { place, buffers }: S3WriteOptions) {
  const { s3Bucket: Bucket, proof: kind } = place
  let conditional = true

  async function sizeOf(name: string): Promise<number | undefined> {
    try {
      const command = new HeadObjectCommand({ Bucket, Key: name })
      return (await withDeadline((options) => client.send(command, options))).ContentLength
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async function insistOnSize(name: string, size: number): Promise<void> {
    const found = await sizeOf(name)
    if (found !== size) throw storageUnavailable(new Error(`S3 holds ${found} bytes of ${size} as ${name}.`))
  }

  /** One request. Whoever comes second under a name is refused, by servers that can (others answer 501). */
  async function put(name: string, bytes: Buffer): Promise<void> {
    const proof = prove(kind, bytes)
    const command = new PutObjectCommand({
      Bucket,
      Key: name,
      Body: bytes,
      ContentLength: bytes.length,
      ...(conditional && { IfNoneMatch: '*' }),
      ...proof,
    })
    await failpoint('U3')
    const answer = await withDeadline((options) => client.send(command, options)).catch(async (error) => {
      if (conditional && statusOf(error) === 501) {
        conditional = false
        return undefined
      }
      // A repetition of ours meets what it wrote itself when only the answer was lost.
      if (statusOf(error) !== 412) throw error
      const head = new HeadObjectCommand({ Bucket, Key: name, ChecksumMode: 'ENABLED' })
      const there = await withDeadline((options) => client.send(head, options))
      if (!confirms(proof, there)) throw error
      return there
    })
    if (!answer) return await put(name, bytes)
    await failpoint('U5')
    if (!confirms(proof, answer)) await insistOnSize(name, bytes.length)
  }

  /** Parts of a multipart upload, up to as many at once as there is memory for. */
  async function putParts(name: string, parts: AsyncIterable<PartBuffer>): Promise<void> {
    if ((await sizeOf(name)) !== undefined) throw new Error(`${name} was written before`)
    const create = new CreateMultipartUploadCommand({
      Bucket,
      Key: name,
      ...(kind === 'crc32' && { ChecksumAlgorithm: 'CRC32' }),
    })
    await failpoint('U2')
    const { UploadId } = await withDeadline((options) => client.send(create, options))
    const sent: CompletedPart[] = []
    const running = new Set<Promise<void>>()
    let failure: unknown
    let size = 0

    async function send({ bytes, release }: PartBuffer, PartNumber: number) {
      try {
        const proof = prove(kind, bytes)
        const command = new UploadPartCommand({
          ...{ Bucket, Key: name, UploadId, PartNumber },
          ...{ Body: bytes, ContentLength: bytes.length },
          ...proof,
        })
        await failpoint('U3')
        const { ETag } = await withDeadline((options) => client.send(command, options))
        sent[PartNumber - 1] = { PartNumber, ETag, ...('ChecksumCRC32' in proof && proof) }
      } catch (error) {
        failure ??= error
      } finally {
        release()
      }
    }

    let number = 0
    try {
      for await (const part of parts) {
        if (failure !== undefined) {
          part.release()
          break
        }
        size += part.bytes.length
        number += 1
        const sending: Promise<void> = send(part, number).finally(() => running.delete(sending))
        running.add(sending)
      }
    } finally {
      await Promise.all(running) // what is on its way must not land after its storage key was given up
    }
    if (failure !== undefined) throw failure
    await failpoint('U5')
    await complete(name, { UploadId, parts: sent, size })
  }

  /** The answer may be lost, or be a failure after success: what counts is what is there. */
  async function complete(
    name: string,
    { UploadId, parts, size }: { UploadId: string | undefined; parts: CompletedPart[]; size: number },
  ): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      ...{ Bucket, Key: name, UploadId },
      MultipartUpload: { Parts: parts },
    })
    try {
      await withDeadline((options) => client.send(command, options))
    } catch (error) {
      if ((await sizeOf(name)) !== size) throw error
    }
    await failpoint('U7')
    await insistOnSize(name, size)
  }

  return {
    sizeOf,
    put,
    /** Bytes of unknown number: the first part tells whether they need more than one request. */
    async write(name: string, batches: AsyncIterable<readonly Buffer[]>): Promise<void> {
      const parts = toParts(batches, buffers)
      const first = await parts.next()
      if (first.done) return await put(name, Buffer.alloc(0))
      if (first.value.bytes.length === buffers.partBytes)
        return await putParts(name, resumed([first.value], parts))
      await put(name, first.value.bytes).finally(first.value.release)
    },
  }
}
