import { GetObjectCommand } from '@aws-sdk/client-s3'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import type { ByteRange } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { errorName, isMissing, toS3Error } from './errors.ts'
import type { S3Object } from './objects.ts'

/** How many connections in a row may break without bringing a byte. */
const MOST_BREAKS = 3

/**
 * Yields a range of an object in buffers of `blockBytes`, each overwritten once the next one is asked for. After a broken
 * connection the next request goes on where the bytes ended. With an ETag, only the object with that ETag is read. Throws
 * `file-not-found`, `file-damaged` when the object is too short, `storage-unavailable`.
 */
export async function* readS3Blocks(
  calls: S3Calls,
  object: Pick<S3Object, 'name' | 'etag'>,
  { first, last }: ByteRange,
  blockBytes: number,
): AsyncGenerator<Buffer, void, void> {
  const block = Buffer.allocUnsafeSlow(Math.min(blockBytes, last + 1 - first))
  let filled = 0
  let position = first
  let breaks = 0

  while (position <= last) {
    const body = await open(calls, object, { first: position, last })
    const reader = calls.youngBuffers.open()
    try {
      for await (const chunk of body) {
        breaks = 0
        reader.count(chunk.length)
        for (let offset = 0; offset < chunk.length; ) {
          const copied = chunk.copy(block, filled, offset)
          offset += copied
          filled += copied
          position += copied
          if (filled < block.length && position <= last) continue
          yield block.subarray(0, filled)
          filled = 0
        }
      }
    } catch (error) {
      breaks += 1
      if (breaks > MOST_BREAKS) throw toS3Error(error)
      continue
    } finally {
      reader.end()
    }
    if (position <= last) breaks += 1
    if (breaks > MOST_BREAKS) throw fileDamaged('The bytes end before they should.')
  }
}

async function open(
  calls: S3Calls,
  { name, etag }: Pick<S3Object, 'name' | 'etag'>,
  { first, last }: ByteRange,
): Promise<AsyncIterable<Buffer>> {
  try {
    await failpoint('READ')
    const wanted = last + 1 - first
    const command = new GetObjectCommand({
      Bucket: calls.s3Bucket,
      Key: name,
      Range: `bytes=${first}-${last}`,
      ...(etag !== undefined && { IfMatch: etag }),
    })
    const { Body, ContentLength } = await calls.sendPatiently(command)
    if (ContentLength !== wanted) throw fileDamaged(`There are ${ContentLength} bytes instead of ${wanted}.`)
    return Body as AsyncIterable<Buffer>
  } catch (error) {
    if (isMissing(error)) throw fileNotFound()
    if (errorName(error) === 'InvalidRange') throw fileDamaged('There are fewer bytes than there should be.')
    throw toS3Error(error)
  }
}
