import { filesPath } from './client.ts'

type Bytes = string | Buffer

/** A part as it goes over the wire: header lines and bytes. */
export interface RawPart {
  readonly headers: readonly string[]
  readonly bytes: Bytes
}

export const file = (bytes: Bytes, headers: readonly string[] = []): RawPart => ({
  headers: ['Content-Disposition: form-data; name="upfile"; filename="a.txt"', ...headers],
  bytes,
})

export const field = (name: string, text: string): RawPart => ({
  headers: [`Content-Disposition: form-data; name="${name}"`],
  bytes: text,
})

/** The body of a form, without a line end behind its last delimiter. */
export function formBody(parts: readonly RawPart[], boundary = 'b'): Buffer {
  const pieces = parts.flatMap(({ headers, bytes }) => [
    Buffer.from(`--${boundary}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--`)])
}

export const formType = 'Content-Type: multipart/form-data; boundary=b'

/** A whole request; says how long its body is unless the headers say something else about that. */
export function formRequest(body: Bytes, headers: readonly string[] = [formType]): Buffer {
  const length = headers.some((header) => /^(content-length|transfer-encoding):/i.test(header))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`]
  const lines = [`POST ${filesPath} HTTP/1.1`, 'Host: x', ...headers, ...length, '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(body)])
}
