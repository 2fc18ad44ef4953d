import { type ClientRequest, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './client.ts'
import { filesPath } from './client.ts'
import type { TestService } from './service.ts'

/** Begins an upload and sends no byte of it. Returns the answer, if one comes within `patience` milliseconds. */
export async function uploadHeadersOnly(
  { url }: Pick<TestService, 'url'>,
  { length = 1000, patience = 5000 }: { length?: number; patience?: number } = {},
): Promise<Answer | 'waits for the body'> {
  const headers = { 'content-type': 'text/plain', 'content-length': String(length) }
  const req = request(`${url}${filesPath}`, { method: 'PUT', headers, agent: false })
  const answer = answerTo(req)
  answer.catch(() => {})
  req.flushHeaders()
  const over = new AbortController()
  const waiting = sleep(patience, 'waits for the body' as const, over)
  waiting.catch(() => {})
  try {
    return await Promise.race([answer, waiting])
  } finally {
    over.abort()
    req.destroy()
  }
}

async function answerTo(req: ClientRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  req.once('error', reject).once('response', (res) => {
    const headers = new Headers(
      Object.entries(res.headersDistinct).map(([name, values]) => [name, String(values)]),
    )
    buffer(res).then(
      (bytes) => resolve({ status: res.statusCode ?? 0, headers, bytes, body: JSON.parse(bytes.toString()) }),
      reject,
    )
  })
  return await promise
}
