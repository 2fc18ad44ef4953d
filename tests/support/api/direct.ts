import type { PresignedUrl } from '../direct.ts'
import type { TestService } from '../service.ts'
import { follow } from './named.ts'

type Service = Pick<TestService, 'url' | 'api'>

/** Announces a GIF of these bytes, unless told otherwise. */
export const announce = ({ api }: Service, bytes: Buffer, more: Readonly<Record<string, unknown>> = {}) =>
  api.post('/presigned-url').send({ filename: 'a.gif', type: 'image/gif', file_size: bytes.length, ...more })

/** Sends bytes as an answer to `announce` asks for. */
export function sendDirect(
  service: Service,
  { url, method, fields, headers }: Pick<PresignedUrl, 'url' | 'method' | 'fields' | 'headers'>,
  bytes: Buffer,
) {
  if (method === 'PUT') return follow(service, url, 'put').set(headers).send(bytes)
  return follow(service, url, 'post').field(fields).attach('file', bytes, 'blob')
}

export const setStatus = ({ api }: Service, uuid: string, status: string) =>
  api.put('/file-status').send({ uuid, status })

export const getStatus = ({ api }: Service, uuid: string) => api.get(`/file-status/${uuid}`)

export const beginMultipart = ({ api }: Service, more: Readonly<Record<string, unknown>> = {}) =>
  api
    .post('/s3/multipart')
    .send({ filename: 'a.bin', type: 'application/octet-stream', metadata: {}, ...more })

/** Sends one part, as Uppy does. Returns its entity tag. */
export async function sendPart(service: Service, id: string, number: number, bytes: Buffer): Promise<string> {
  const { body } = await service.api.get(`/s3/multipart/${id}/${number}?key=${id}`).expect(200)
  const answer = await follow(service, body.url, 'put').send(bytes).expect(200)
  return answer.headers.etag ?? ''
}

/** Begins an upload and sends its parts, in this order. Returns its id and its parts as `completeMultipart` takes them. */
export async function sendAll(
  service: Service,
  parts: readonly Buffer[],
  more: Readonly<Record<string, unknown>> = {},
) {
  const { body } = await beginMultipart(service, more).expect(200)
  const id: string = body.uploadId
  const named: { PartNumber: number; ETag: string }[] = []
  for (const [index, part] of parts.entries())
    named.push({ PartNumber: index + 1, ETag: await sendPart(service, id, index + 1, part) })
  return { id, named }
}

export const completeMultipart = ({ api }: Service, id: string, parts: readonly object[]) =>
  api.post(`/s3/multipart/${id}/complete?key=${id}`).send({ parts })
