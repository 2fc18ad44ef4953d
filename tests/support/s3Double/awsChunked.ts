import { refusal } from './refusal.ts'

/** A body that came as `aws-chunked`: its bytes, and the headers that followed them. */
export interface Unchunked {
  readonly bytes: Buffer
  readonly trailers: ReadonlyMap<string, string>
}

/**
 * Undoes `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. Throws `IncompleteBody` when the chunks are malformed or are not the length
 * that was announced, `MalformedTrailerError` when other trailers come than were announced.
 */
export function unchunk(body: Buffer, headers: ReadonlyMap<string, string>): Unchunked {
  const announced = headers.get('x-amz-decoded-content-length') ?? ''
  if (!/^\d+$/.test(announced))
    throw refusal('MissingContentLength', 'You must provide the x-amz-decoded-content-length header.')
  const incomplete = () =>
    refusal('IncompleteBody', 'The request body terminated unexpectedly or its chunks are malformed.')
  const pieces: Buffer[] = []
  let position = 0

  function readLine(): string {
    const end = body.indexOf('\r\n', position)
    if (end === -1) throw incomplete()
    const line = body.toString('latin1', position, end)
    position = end + 2
    return line
  }

  for (;;) {
    const line = readLine()
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw incomplete()
    const size = Number.parseInt(line, 16)
    if (size === 0) break
    const piece = body.subarray(position, position + size)
    position += size
    if (piece.length < size || readLine() !== '') throw incomplete()
    pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  if (bytes.length !== Number(announced)) throw incomplete()
  const trailers = parseTrailers(body.toString('latin1', position))
  const expected = headers.get('x-amz-trailer')?.toLowerCase()
  if ([...trailers.keys()].join(',') !== (expected ?? ''))
    throw refusal('MalformedTrailerError', 'The request contained trailing data that was not well-formed.')
  return { bytes, trailers }
}

function parseTrailers(text: string): Map<string, string> {
  const lines = text.split(/\r\n/).filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]*):\s*(.*?)\s*$/.exec(line) ?? []
      return [name.toLowerCase(), value]
    }),
  )
}
