import { request } from 'node:http'
import type { Answer } from './client.ts'
import type { TestService } from './service.ts'

/** Sends a request with methods and headers that fetch would not send. */
export function sendRaw(
  { port }: Pick<TestService, 'port'>,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Uint8Array,
): Promise<Answer<unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<unknown>>()
  const req = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (res) => {
    const chunks: Buffer[] = []
    res.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject)
    res.once('end', () => {
      const bytes = Buffer.concat(chunks)
      const known = Object.entries(res.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ])
      const json = /json/.test(res.headers['content-type'] ?? '') && bytes.length > 0
      resolve({
        status: res.statusCode ?? 0,
        headers: new Headers(known),
        bytes,
        body: json ? JSON.parse(bytes.toString()) : undefined,
      })
    })
  })
  req.once('error', reject).end(body)
  return promise
}
