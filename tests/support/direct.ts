import { createHash } from 'node:crypto'
import type { components } from '../../api/openapi.gen.ts'
import { type Answer, send } from './client.ts'
import { follow, sendJson } from './named.ts'
import type { TestService } from './service.ts'

export type PresignedUrl = components['schemas']['PresignedUrl']
type FileState = components['schemas']['FileState']
type MultipartUpload = components['schemas']['MultipartUpload']
type CompletedUpload = components['schemas']['CompletedUpload']
type Service = Pick<TestService, 'url'>

/** A GIF with this text behind it. */
export const gif = (text = ''): Buffer => Buffer.from(`GIF89a\x01\0\x01\0\0\0\0;${text}`, 'latin1')
export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Announces a GIF of these bytes, unless told otherwise. */
export const announce = (service: Service, bytes: Buffer, more: Readonly<Record<string, unknown>> = {}) =>
  sendJson<PresignedUrl>(service, 'POST', '/presigned-url', {
    ...{ filename: 'a.gif', type: 'image/gif', file_size: bytes.length },
    ...more,
  })

/** Sends bytes by the signed request of an answer to `announce`. */
export function sendDirect(
  service: Service,
  { url, method, fields, headers }: PresignedUrl,
  bytes: Buffer,
): Promise<Answer> {
  if (method === 'PUT') return follow(service, url, { method, headers, body: new Uint8Array(bytes) })
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([new Uint8Array(bytes)]))
  return follow(service, url, { method, body: form })
}

export const setStatus = (service: Service, uuid: string, status: string) =>
  sendJson<FileState>(service, 'PUT', '/file-status', { uuid, status })

export const getStatus = (service: Service, uuid: string) => send<FileState>(service, `/file-status/${uuid}`)

export const beginMultipart = (service: Service, more: Readonly<Record<string, unknown>> = {}) =>
  sendJson<MultipartUpload>(service, 'POST', '/s3/multipart', {
    ...{ filename: 'a.bin', type: 'application/octet-stream', metadata: {} },
    ...more,
  })

/** Sends one part, as Uppy does. Returns its entity tag. */
export async function sendPart(service: Service, id: string, number: number, bytes: Buffer): Promise<string> {
  const { body } = await send<{ url: string }>(service, `/s3/multipart/${id}/${number}?key=${id}`)
  const answer = await follow(service, body.url, { method: 'PUT', body: new Uint8Array(bytes) })
  if (answer.status !== 200) throw new Error(`A part is answered ${answer.status}: ${answer.bytes}`)
  return answer.headers.get('etag') ?? ''
}

export const completeMultipart = (
  service: Service,
  id: string,
  parts: readonly { readonly PartNumber: number; readonly ETag: string }[],
) => sendJson<CompletedUpload>(service, 'POST', `/s3/multipart/${id}/complete?key=${id}`, { parts })
