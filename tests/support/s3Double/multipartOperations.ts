import { randomBytes } from 'node:crypto'
import { answerEmpty, answerXml, contentsOf, type S3Call, type S3Operation } from './call.ts'
import { type Checksum, checksumHeaders, computeChecksum, digest } from './checksums.ts'
import { checkReading } from './conditions.ts'
import { findCopySource, slicePieces } from './copySource.ts'
import { checksumWish, headersToKeep } from './objectHeaders.ts'
import { encrypted } from './putOperations.ts'
import { refusal } from './refusal.ts'
import { findUpload, type S3Part, type S3Upload } from './world.ts'
import type { XmlElement } from './xml.ts'

let begun = 0

export const createMultipartUpload: S3Operation = (call) => {
  const { s3Bucket, key, now } = call
  const { uploads } = contentsOf(call)
  const headers = headersToKeep(call.headers)
  const checksum = checksumWish(call.headers)
  begun += 1
  const id = `${String(begun).padStart(12, '0')}.${randomBytes(24).toString('base64url')}`
  uploads.set(id, { id, key, begun: now, headers, checksum, parts: new Map() })
  const result: XmlElement[] = [
    ['Bucket', s3Bucket],
    ['Key', key],
    ['UploadId', id],
  ]
  const told: Record<string, string> = checksum
    ? { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }
    : {}
  return answerXml('InitiateMultipartUploadResult', result, { headers: { ...told, ...encrypted } })
}

export const uploadPart: S3Operation = (call) => {
  const upload = uploadOf(call)
  const { checksum } = call.body
  const [expected, actual] = [upload.checksum?.algorithm, checksum?.algorithm]
  if (expected !== actual) {
    const [wish, came] = [expected, actual].map((name) => name?.toLowerCase() ?? 'null')
    throw refusal(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${wish}, actual checksum Type: ${came}`,
    )
  }
  const { etag } = keepPart(call, upload, call.body.bytes, checksum)
  const { 'x-amz-checksum-type': _type, ...told } = checksumHeaders(checksum)
  return answerEmpty(200, { etag, ...told, ...encrypted })
}

export const uploadPartCopy: S3Operation = (call) => {
  const upload = uploadOf(call)
  const { object } = findCopySource(call)
  checkReading(call, object, 'x-amz-copy-source-')
  const { first, end } = findCopyRange(call.headers.get('x-amz-copy-source-range'), object.size)
  const bytes = Buffer.concat(slicePieces(object.pieces, first, end))
  const checksum = upload.checksum && computeChecksum(upload.checksum.algorithm, [bytes])
  const { etag, modified } = keepPart(call, upload, bytes, checksum)
  const result: XmlElement[] = [
    ['LastModified', modified.toISOString()],
    ['ETag', etag],
    ...(checksum ? [[`Checksum${checksum.algorithm}`, checksum.value] as const] : []),
  ]
  return answerXml('CopyPartResult', result, { headers: encrypted })
}

export const abortMultipartUpload: S3Operation = (call) => {
  const { id } = uploadOf(call)
  contentsOf(call).uploads.delete(id)
  return answerEmpty(204)
}

export const uploadOf = (call: S3Call): S3Upload =>
  findUpload(contentsOf(call), call.key, call.query.get('uploadId') ?? '')

const MOST_PARTS = 10_000

function keepPart(call: S3Call, { parts }: S3Upload, bytes: Buffer, checksum: Checksum | undefined): S3Part {
  const number = call.query.get('partNumber') ?? ''
  if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > MOST_PARTS)
    throw refusal(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`,
      {
        ArgumentName: 'partNumber',
        ArgumentValue: number,
      },
    )
  const etag = `"${digest('md5', [bytes]).toString('hex')}"`
  const part = { bytes, etag, modified: call.now, checksum }
  parts.set(Number(number), part)
  return part
}

/** Unlike a range that is read it must be whole, and lie within the source. */
function findCopyRange(header: string | undefined, size: number): { first: number; end: number } {
  if (header === undefined) return { first: 0, end: size }
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? []
  if (first === '' || Number(last) < Number(first))
    throw refusal(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    )
  if (Number(last) >= size)
    throw refusal('InvalidRange', `Range specified is not valid for source object of size: ${size}`)
  return { first: Number(first), end: Number(last) + 1 }
}
