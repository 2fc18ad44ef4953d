import { rangeNotSatisfiable } from '../../errors/requests.ts'
import type { ByteRange } from '../../model/blob.ts'

/**
 * Parses a Range header (RFC 9110, 14.1.2); `size` is the size of the file in bytes. Undefined means: send the whole file,
 * which the RFC allows for a malformed header and for several ranges. Throws `range-not-satisfiable`.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=[ \t]*(\d{0,20})-(\d{0,20})[ \t]*$/i.exec(header ?? '')
  if (!match) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  if (from === '') {
    if (Number(to) === 0 || size === 0) throw rangeNotSatisfiable(size)
    return { first: Math.max(size - Number(to), 0), last: size - 1 }
  }
  if (to !== '' && Number(to) < Number(from)) return undefined
  if (Number(from) >= size) throw rangeNotSatisfiable(size)
  return { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) }
}
