import type { IncomingMessage } from 'node:http'
import request from 'supertest'

/** Sends requests with supertest. A body is what its JSON says, otherwise bytes. */
export type Api = ReturnType<typeof createApi>

export const createApi = (url: string) => request.agent(url).buffer(true).parse(readBody)

function readBody(answer: IncomingMessage, done: (error: Error | null, body?: unknown) => void): void {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk)) // supertest listens too, so the bytes must be left to flow
  answer.once('error', done)
  answer.once('end', () => {
    const bytes = Buffer.concat(chunks)
    const json = /json/.test(answer.headers['content-type'] ?? '') && bytes.length > 0
    done(null, json ? JSON.parse(bytes.toString()) : bytes)
  })
}
