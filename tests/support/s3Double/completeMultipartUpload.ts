import { answerXml, contentsOf, type S3Operation } from './call.ts'
import { type Checksum, composeChecksums, computeChecksum, digest, statedChecksum } from './checksums.ts'
import { checkWriting } from './conditions.ts'
import { uploadOf } from './multipartOperations.ts'
import { encrypted } from './putOperations.ts'
import { refusal } from './refusal.ts'
import { putObject, type S3Part, type S3Upload } from './world.ts'
import { childrenOf, parseXml, textOf, type XmlElement } from './xml.ts'

const LEAST_PART_BYTES = 5 * 2 ** 20

export const completeMultipartUpload: S3Operation = (call) => {
  const { s3Bucket, key, now } = call
  const contents = contentsOf(call)
  const upload = uploadOf(call)
  const parts = findParts(upload, parseParts(call.body.bytes.toString()))
  checkWriting(call)
  const pieces = parts.map(({ bytes }) => bytes)
  const md5s = parts.map((part) => Buffer.from(part.etag.slice(1, -1), 'hex'))
  const etag = `"${digest('md5', md5s).toString('hex')}-${parts.length}"`
  const checksum = sumUp(upload, parts)
  const stated = statedChecksum(call.headers)
  if (stated && stated.value !== checksum?.value)
    throw refusal('BadDigest', `The ${stated.algorithm} you specified did not match the calculated checksum.`)
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  putObject(contents, { key, pieces, size, etag, modified: now, headers: upload.headers, checksum })
  contents.uploads.delete(upload.id)
  const result: XmlElement[] = [
    ['Location', `/${s3Bucket}/${key}`],
    ['Bucket', s3Bucket],
    ['Key', key],
    ['ETag', etag],
    ...(checksum
      ? ([
          [`Checksum${checksum.algorithm}`, checksum.value],
          ['ChecksumType', checksum.type],
        ] as const)
      : []),
  ]
  return answerXml('CompleteMultipartUploadResult', result, { headers: encrypted })
}

interface NamedPart {
  readonly number: number
  readonly etag: string
  readonly checksums: ReadonlyMap<string, string>
}

function parseParts(text: string): NamedPart[] {
  const document = parseXml(text)
  const named = childrenOf(document, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: (textOf(part, 'ETag') ?? '').trim().replace(/^"|"$/g, ''),
    checksums: new Map(part.children.map((child) => [child.name, child.text] as const)),
  }))
  const valid = named.every(({ number, etag }) => Number.isInteger(number) && etag !== '')
  if (document.name !== 'CompleteMultipartUpload' || named.length === 0 || !valid)
    throw refusal('MalformedXML', 'The XML you provided was not well-formed or did not validate.')
  return named
}

function findParts({ checksum, parts }: S3Upload, named: readonly NamedPart[]): S3Part[] {
  if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0)))
    throw refusal('InvalidPartOrder', 'The list of parts was not in ascending order.')
  const wanted = checksum?.type === 'COMPOSITE' ? `Checksum${checksum.algorithm}` : undefined
  const found = named.map(({ number, etag, checksums }) => {
    const part = parts.get(number)
    if (part?.etag !== `"${etag}"`) throw invalidPart(number)
    if (wanted !== undefined && !checksums.has(wanted))
      throw refusal(
        'InvalidRequest',
        `The upload was created using a ${checksum?.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      )
    const stated = part.checksum && checksums.get(`Checksum${part.checksum.algorithm}`)
    if (stated !== undefined && stated !== part.checksum?.value) throw invalidPart(number)
    return part
  })
  for (const { bytes } of found.slice(0, -1))
    if (bytes.length < LEAST_PART_BYTES)
      throw refusal('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        MinSizeAllowed: String(LEAST_PART_BYTES),
        ProposedSize: String(bytes.length),
      })
  return found
}

const invalidPart = (number: number) =>
  refusal('InvalidPart', 'One or more of the specified parts could not be found.', {
    PartNumber: String(number),
  })

function sumUp({ checksum }: S3Upload, parts: readonly S3Part[]): Checksum | undefined {
  if (!checksum) return undefined
  if (checksum.type === 'COMPOSITE')
    return composeChecksums(
      checksum.algorithm,
      parts.flatMap((part) => part.checksum ?? []),
    )
  return computeChecksum(
    checksum.algorithm,
    parts.map(({ bytes }) => bytes),
  )
}
