import { parseAlgorithm } from './checksums.ts'
import { refusal } from './refusal.ts'

const KEPT = /^(?:cache-control|content-disposition|content-language|content-type|expires|x-amz-meta-.+)$/
const MOST_METADATA_BYTES = 2048

/** The headers of a write that the object keeps. Throws for headers that the double does not support. */
export function headersToKeep(headers: ReadonlyMap<string, string>): Record<string, string> {
  insistOnDefaults(headers)
  const kept = [...headers].filter(([name]) => KEPT.test(name))
  const metadata = kept.filter(([name]) => name.startsWith('x-amz-meta-'))
  const bytes = metadata.reduce((sum, [name, value]) => sum + Buffer.byteLength(name.slice(11) + value), 0)
  if (bytes > MOST_METADATA_BYTES)
    throw refusal('InvalidRequest', 'Your metadata headers exceed the maximum allowed metadata size')
  // The coding aws-chunked was removed with its chunks; other codings belong to the object.
  const codings = (headers.get('content-encoding') ?? '').split(',').map((coding) => coding.trim())
  const encoding = codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',')
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept),
    ...(encoding !== '' && { 'content-encoding': encoding }),
  }
}

const defaults: readonly (readonly [string, RegExp])[] = [
  ['x-amz-storage-class', /^STANDARD$/],
  ['x-amz-server-side-encryption', /^AES256$/],
  ['x-amz-server-side-encryption-customer-algorithm', /^$/],
  ['x-amz-object-lock-mode', /^$/],
  ['x-amz-tagging', /^$/],
]

function insistOnDefaults(headers: ReadonlyMap<string, string>): void {
  // As in every bucket that was made since 2023 and not told otherwise.
  if (!['', 'bucket-owner-full-control'].includes(headers.get('x-amz-acl') ?? ''))
    throw refusal('AccessControlListNotSupported', 'The bucket does not allow ACLs')
  for (const [name, known] of defaults)
    if (!known.test(headers.get(name) ?? '') && headers.has(name))
      throw refusal('NotImplemented', `The double does not know this ${name}.`)
}

/** How parts of an upload are to be proven. Throws `InvalidRequest` for a type without an algorithm, or not of it. */
export function checksumWish(headers: ReadonlyMap<string, string>) {
  const name = headers.get('x-amz-checksum-algorithm')
  const wish = headers.get('x-amz-checksum-type')
  if (name === undefined) {
    if (wish === undefined) return undefined
    throw refusal(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with x-amz-checksum-algorithm.',
    )
  }
  const algorithm = parseAlgorithm(name)
  const type = wish ?? 'COMPOSITE'
  if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT')
    throw refusal('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  if (type === 'FULL_OBJECT' && algorithm !== 'CRC32')
    throw refusal(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    )
  return { algorithm, type } as const
}
