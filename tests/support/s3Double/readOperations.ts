import { answerEmpty, contentsOf, type S3Answer, type S3Call, type S3Operation } from './call.ts'
import { checksumHeaders } from './checksums.ts'
import { checkReading } from './conditions.ts'
import { slicePieces } from './copySource.ts'
import { encrypted } from './putOperations.ts'
import { refusal } from './refusal.ts'
import { findObject, type S3Object } from './world.ts'

const OVERRIDES =
  /^response-(cache-control|content-disposition|content-encoding|content-language|content-type|expires)$/

export const getObject: S3Operation = (call) => {
  const { object, headers } = look(call)
  const range = findRange(call.headers.get('range'), object.size)
  if (!range) return { status: 200, headers, body: object.pieces }
  const { first, last } = range
  return {
    status: 206,
    headers: {
      ...withoutChecksum(headers),
      'content-length': String(last + 1 - first),
      'content-range': `bytes ${first}-${last}/${object.size}`,
    },
    body: slicePieces(object.pieces, first, last + 1),
  }
}

export const headObject: S3Operation = (call): S3Answer => {
  const { status, headers } = getObject(call)
  return answerEmpty(status, headers)
}

function look(call: S3Call): { object: S3Object; headers: Record<string, string> } {
  const object = findObject(contentsOf(call), call.key)
  checkReading(call, object, '')
  const overrides = [...call.query].flatMap(([name, value]) => {
    const [, header] = OVERRIDES.exec(name) ?? []
    return header === undefined ? [] : [[header, value] as const]
  })
  const wantsChecksum = call.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  return {
    object,
    headers: {
      ...object.headers,
      ...Object.fromEntries(overrides),
      ...encrypted,
      ...(wantsChecksum && checksumHeaders(object.checksum)),
      etag: object.etag,
      'last-modified': object.modified.toUTCString(),
      'accept-ranges': 'bytes',
      'content-length': String(object.size),
    },
  }
}

/** That of the whole says nothing about a part of it. */
const withoutChecksum = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')))

/** Undefined for the whole: also when the header is none that HTTP knows. Throws `InvalidRange`. */
export function findRange(
  header: string | undefined,
  size: number,
): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (first >= size)
    throw refusal('InvalidRange', 'The requested range is not satisfiable', {
      ActualObjectSize: String(size),
      RangeRequested: header ?? '',
    })
  return { first, last }
}
