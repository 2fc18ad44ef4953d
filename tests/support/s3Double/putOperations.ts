import { answerEmpty, answerXml, contentsOf, type S3Operation } from './call.ts'
import { checksumHeaders, computeChecksum, digest, parseAlgorithm } from './checksums.ts'
import { checkReading, checkWriting } from './conditions.ts'
import { findCopySource } from './copySource.ts'
import { headersToKeep } from './objectHeaders.ts'
import { refusal } from './refusal.ts'
import { deleteObject, putObject as insertObject } from './world.ts'
import { childrenOf, parseXml, textOf, type XmlElement } from './xml.ts'

export const encrypted = { 'x-amz-server-side-encryption': 'AES256' }

export const putObject: S3Operation = (call) => {
  const { key, body, now } = call
  const headers = headersToKeep(call.headers)
  checkWriting(call)
  const etag = `"${digest('md5', [body.bytes]).toString('hex')}"`
  const { checksum } = body
  const { length: size } = body.bytes
  insertObject(contentsOf(call), { key, pieces: [body.bytes], size, etag, modified: now, headers, checksum })
  return answerEmpty(200, { etag, ...checksumHeaders(checksum), ...encrypted })
}

export const copyObject: S3Operation = (call) => {
  const { key, now, s3Bucket } = call
  const directive = call.headers.get('x-amz-metadata-directive') ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw refusal('InvalidArgument', 'Unknown metadata directive.')
  const own = headersToKeep(call.headers)
  const { object, place } = findCopySource(call)
  checkReading(call, object, 'x-amz-copy-source-')
  if (directive === 'COPY' && place.s3Bucket === s3Bucket && place.key === key)
    throw refusal(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself.',
    )
  checkWriting(call)
  const wish = call.headers.get('x-amz-checksum-algorithm')
  const algorithm = wish === undefined ? object.checksum?.algorithm : parseAlgorithm(wish)
  const checksum = algorithm && computeChecksum(algorithm, object.pieces)
  // A copy is written in one go, so its ETag is that of the bytes, also for a source that was uploaded in parts.
  const etag = `"${digest('md5', object.pieces).toString('hex')}"`
  const headers = directive === 'COPY' ? object.headers : own
  insertObject(contentsOf(call), { ...object, key, etag, modified: now, headers, checksum })
  const result: XmlElement[] = [
    ['LastModified', now.toISOString()],
    ['ETag', etag],
    ...(checksum ? [[`Checksum${checksum.algorithm}`, checksum.value] as const] : []),
  ]
  return answerXml('CopyObjectResult', result, { headers: encrypted })
}

export const deleteOne: S3Operation = (call) => {
  const contents = contentsOf(call)
  if (contents.objects.has(call.key)) checkWriting(call)
  deleteObject(contents, call.key)
  return answerEmpty(204)
}

const MOST_DELETED = 1000

export const deleteMany: S3Operation = (call) => {
  const contents = contentsOf(call)
  if (!call.headers.has('content-md5') && !call.body.checksum)
    throw refusal(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    )
  const document = parseXml(call.body.bytes.toString())
  const keys = childrenOf(document, 'Object').map((object) => textOf(object, 'Key') ?? '')
  if (document.name !== 'Delete' || keys.length === 0 || keys.length > MOST_DELETED || keys.includes(''))
    throw refusal('MalformedXML', 'The XML you provided was not well-formed or did not validate.')
  for (const key of keys) deleteObject(contents, key)
  const deleted = textOf(document, 'Quiet') === 'true' ? [] : keys
  return answerXml(
    'DeleteResult',
    deleted.map((key) => ['Deleted', [['Key', key]]] as const),
  )
}
