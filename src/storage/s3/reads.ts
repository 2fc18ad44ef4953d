import { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import type { ByteRange } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { BlobReader } from '../storage.ts'
import type { S3Calls } from './calls.ts'
import { errorName, isMissing, toS3Error } from './errors.ts'
import type { S3Object } from './objects.ts'

/** How many connections in a row may break without bringing a byte. */
const MOST_BREAKS = 3

/**
 * Opens an object by a request for the whole `range`, which reads in order share; a read elsewhere is a request of its own, and
 * so is the first one after a pause, because another pause may follow. After a broken connection the next request goes on where
 * the bytes ended. With an ETag, only the object with that ETag is read. Throws `file-not-found`, `file-damaged` when the
 * object is too short, `storage-unavailable`.
 */
export async function openS3Object(
  calls: S3Calls,
  object: Pick<S3Object, 'name' | 'etag'>,
  range: ByteRange,
): Promise<BlobReader> {
  let body: Body | undefined = await openAnswer(calls, object, range)
  let next = range.first
  let paused = false
  let closed = false

  function closeBody(): void {
    body?.close()
    body = undefined
  }

  async function readOn(buffer: Buffer): Promise<void> {
    let breaks = 0
    for (let filled = 0; filled < buffer.length; ) {
      body ??= await openAnswer(calls, object, { first: next, last: range.last })
      if (closed) body.close() // `close` was called before there was a body
      const { bytes, failure } = await body.take(buffer.length - filled)
      filled += bytes.copy(buffer, filled)
      next += bytes.length
      if (bytes.length > 0) {
        breaks = 0
        continue
      }
      breaks += 1
      closeBody()
      if (closed || breaks > MOST_BREAKS)
        throw failure === undefined ? fileDamaged('The bytes end before they should.') : toS3Error(failure)
    }
  }

  async function readElsewhere(position: number, buffer: Buffer): Promise<void> {
    const reader = await openS3Object(calls, object, { first: position, last: position + buffer.length - 1 })
    await reader.read(position, buffer).finally(reader.close)
  }

  return {
    async read(position, buffer) {
      if (position === next && !paused) return await readOn(buffer)
      await readElsewhere(position, buffer)
      if (position !== next) return
      next += buffer.length
      paused = false
    },
    pause() {
      closeBody()
      paused = true
    },
    async close() {
      closed = true
      closeBody()
    },
  }
}

interface Body {
  /** The next bytes, at most `most`; none when the body has ended or broken. */
  take(most: number): Promise<{ bytes: Buffer; failure?: unknown }>
  close(): void
}

/** The body of an answer. */
async function openAnswer(
  calls: S3Calls,
  object: Pick<S3Object, 'name' | 'etag'>,
  range: ByteRange,
): Promise<Body> {
  const stream = await request(calls, object, range)
  const chunks: AsyncIterator<Buffer> = stream.iterator()
  const reader = calls.youngBuffers.open()
  let left = range.last + 1 - range.first
  let rest: Buffer = Buffer.alloc(0)
  return {
    async take(most) {
      try {
        if (rest.length === 0) {
          const { value, done } = await chunks.next()
          if (!done) {
            reader.count(value.length)
            left -= value.length
          }
          rest = done ? rest : value
        }
      } catch (failure) {
        return { bytes: rest, failure }
      }
      const bytes = rest.subarray(0, most)
      rest = rest.subarray(bytes.length)
      return { bytes }
    },
    close() {
      reader.end()
      // Behind the last byte the connection is good for another request, once the end of the body was seen.
      if (left === 0) void chunks.next().catch(() => {})
      else stream.destroy()
    },
  }
}

async function request(
  calls: S3Calls,
  { name, etag }: Pick<S3Object, 'name' | 'etag'>,
  { first, last }: ByteRange,
): Promise<Readable> {
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
    if (!(Body instanceof Readable)) throw new Error('S3 answered without a body.')
    if (ContentLength === wanted) return Body
    Body.destroy()
    throw fileDamaged(`There are ${ContentLength} bytes instead of ${wanted}.`)
  } catch (error) {
    if (isMissing(error)) throw fileNotFound()
    if (errorName(error) === 'InvalidRange') throw fileDamaged('There are fewer bytes than there should be.')
    throw toS3Error(error)
  }
}
