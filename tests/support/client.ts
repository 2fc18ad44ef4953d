import { randomUUID } from 'node:crypto'
import type { components } from '../../api/openapi.gen.ts'
import type { TestService } from './service.ts'

export type FileBody = components['schemas']['File']

/** An answer whose body was read: parsed when it is JSON, bytes otherwise. */
export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
  readonly bytes: Buffer
}

/** Less than a test may take, so that the request that hangs is named. */
const PATIENCE_MILLISECONDS = 100_000

/** Sends a request to the service. Any status resolves; only a broken connection or a late answer rejects. */
export async function send<Body = Record<string, unknown>>(
  { url }: Pick<TestService, 'url'>,
  path: string,
  init: RequestInit = {},
): Promise<Answer<Body>> {
  const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
  let missing = 'answer'
  const late = (error: unknown) => {
    const { method = 'GET' } = init
    throw signal.aborted ? new Error(`No ${missing} to ${method} ${path} in time`, { cause: error }) : error
  }
  const response = await fetch(`${url}${path}`, { redirect: 'manual', signal, ...init }).catch(late)
  missing = 'body of the answer'
  const bytes = Buffer.from(await response.arrayBuffer().catch(late))
  const json = /json/.test(response.headers.get('content-type') ?? '') && bytes.length > 0
  return {
    status: response.status,
    headers: response.headers,
    body: (json ? JSON.parse(bytes.toString()) : undefined) as Body,
    bytes,
  }
}

export const filesPath = '/service/fileupload'

export interface UploadOptions {
  readonly name?: string
  readonly type?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
}

/** Uploads bytes as a form with the part `upfile`. */
export function upload(
  service: Pick<TestService, 'url'>,
  bytes: string | Uint8Array,
  {
    name = 'file.txt',
    type = 'application/octet-stream',
    fields = {},
    headers = {},
    query = '',
  }: UploadOptions = {},
): Promise<Answer<FileBody>> {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.append(key, value)
  form.append('upfile', new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name, { type }))
  return send<FileBody>(service, `${filesPath}${query}`, { method: 'POST', body: form, headers })
}

interface PutOptions {
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Uploads bytes as the body itself, as `curl -T` does. */
export const putRaw = (
  service: Pick<TestService, 'url'>,
  bytes: string | Uint8Array,
  { query = '', headers = {} }: PutOptions = {},
): Promise<Answer<FileBody>> =>
  send<FileBody>(service, `${filesPath}${query}`, {
    method: 'PUT',
    body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes),
    headers,
  })

/** Text that no other upload has. */
export const freshText = (text = 'text'): string => `${text} ${randomUUID()}\n`

/** Downloads the bytes of the file that an id or a hash names. */
export const download = (service: Pick<TestService, 'url'>, reference: string, init: RequestInit = {}) =>
  send(service, `${filesPath}/${reference}/content`, init)
