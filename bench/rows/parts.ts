import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Service } from '../site.ts'
import { blocks } from './blocks.ts'
import { MiB } from './row.ts'

const partBytes = 64 * MiB

/** Sends a file in parts, one after the other, as Uppy does. Returns the SHA-256 of what was sent. */
export async function sendParts({ port }: Service, size: number): Promise<string> {
  const base = `http://127.0.0.1:${port}`
  const ask = async <Body>(path: string, body?: object): Promise<Body> => {
    const headers = { 'content-type': 'application/json' }
    const init = body && { method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await fetch(`${base}${path}`, init)
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as Body
  }
  const begun = { filename: 'large.bin', type: 'application/octet-stream', metadata: {}, file_size: size }
  const { uploadId } = await ask<{ uploadId: string }>('/s3/multipart', begun)
  const upload = `/s3/multipart/${uploadId}`
  const hash = createHash('sha256')
  const parts: { PartNumber: number; ETag: string }[] = []
  for (let at = 0; at < size; at += partBytes) {
    const PartNumber = parts.length + 1
    const { url } = await ask<{ url: string }>(`${upload}/${PartNumber}?key=${uploadId}`)
    parts.push({ PartNumber, ETag: await putPart(new URL(url, base), Math.min(partBytes, size - at), hash) })
  }
  // Whole files are read before the answer: longer than fetch waits for one.
  const completing = request(`${base}${upload}/complete?key=${uploadId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  completing.end(JSON.stringify({ parts }))
  const [answer] = (await once(completing, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await Array.fromAsync(answer)).toString()
  if (answer.statusCode !== 200) throw new Error(`The completion was answered ${answer.statusCode}: ${text}`)
  return hash.digest('hex')
}

async function putPart(url: URL, size: number, hash: Hash): Promise<string> {
  const sending = request(url, { method: 'PUT', headers: { 'content-length': size } })
  const answered: Promise<IncomingMessage[]> = once(sending, 'response')
  const [[answer]] = await Promise.all([answered, pipeline(blocks(size, hash), sending)])
  const text = Buffer.concat(await Array.fromAsync(answer ?? [])).toString()
  const { etag } = answer?.headers ?? {}
  if (answer?.statusCode !== 200 || etag === undefined)
    throw new Error(`A part was answered ${answer?.statusCode}: ${text}`)
  return etag
}
