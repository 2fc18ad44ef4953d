import type { RawAnswer } from './rawRequest.ts'

/** The answer that these bytes begin with, and how many bytes it takes; undefined while it is not all there. */
export function readAnswer(
  bytes: Buffer,
  toMethod: string,
): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1])
  if (Number.isNaN(status)) throw new Error(`This is no answer: ${start.slice(0, 200)}`)
  const headers = new Headers(lines.map((line) => splitLine(line)))
  const found = readBody(bytes.subarray(end + 4), status, headers, toMethod)
  if (!found) return undefined
  const { body, length } = found
  const json = /json/.test(headers.get('content-type') ?? '') && body.length > 0
  const answer = { status, headers, bytes: body, body: json ? JSON.parse(body.toString()) : undefined }
  return { answer, length: end + 4 + length }
}

function splitLine(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function readBody(rest: Buffer, status: number, headers: Headers, toMethod: string) {
  if (status < 200 || status === 204 || status === 304 || toMethod === 'HEAD') {
    return { body: Buffer.alloc(0), length: 0 }
  }
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(rest)
  const length = Number(headers.get('content-length') ?? Number.NaN)
  if (Number.isNaN(length)) throw new Error('The answer does not say how long it is.')
  return rest.length < length ? undefined : { body: rest.subarray(0, length), length }
}

function readChunks(rest: Buffer) {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(rest.toString('latin1', at, end), 16)
    const next = end + 2 + size + 2
    if (rest.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(chunks), length: next }
    chunks.push(rest.subarray(end + 2, end + 2 + size))
    at = next
  }
}
