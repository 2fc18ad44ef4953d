import type { components } from '../../api/openapi.gen.ts'
import { type Answer, send } from './client.ts'
import type { TestService } from './service.ts'

export type Bucket = components['schemas']['Bucket']
type Envelope = components['schemas']['Envelope']

interface NamedOptions {
  readonly fields?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** The type that the part declares. */
  readonly type?: string
  /** Undefined posts to `/file`. */
  readonly bucket?: string | undefined
}

/** Posts a file under a name, as a form with the part `file`. */
export function putNamed(
  service: Pick<TestService, 'url'>,
  name: string,
  bytes: string | Uint8Array,
  { bucket, fields = {}, headers = {}, type = '' }: NamedOptions = {},
): Promise<Answer<Envelope>> {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.append(key, value)
  form.append('file', new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name, { type }))
  const path = bucket === undefined ? '/file' : `/file/${bucket}`
  return send<Envelope>(service, path, { method: 'POST', body: form, headers })
}

/** Asks for a link to the file of a name. */
export const namedLink = (
  service: Pick<TestService, 'url'>,
  bucket: string,
  name: string,
  query = '',
): Promise<Answer<Envelope>> => send<Envelope>(service, `/file/${bucket}/${encodeURIComponent(name)}${query}`)

/** GETs a link as anyone can; one without a host leads to the service. */
export async function follow(
  service: Pick<TestService, 'url'>,
  link: string | undefined,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(new URL(link ?? '', service.url), { redirect: 'manual', ...init })
  const bytes = Buffer.from(await response.arrayBuffer())
  const json = /json/.test(response.headers.get('content-type') ?? '') && bytes.length > 0
  const body = json ? JSON.parse(bytes.toString()) : undefined
  return { status: response.status, headers: response.headers, body, bytes }
}

/** Makes a bucket with these rules. */
export const makeBucket = (
  service: Pick<TestService, 'url'>,
  name: string,
  rules: Readonly<Record<string, unknown>> = {},
): Promise<Answer<Bucket>> => sendJson<Bucket>(service, 'POST', '/buckets', { name, ...rules })

/** Sends a value as JSON. */
export const sendJson = <Body = Record<string, unknown>>(
  service: Pick<TestService, 'url'>,
  method: string,
  path: string,
  value: unknown,
): Promise<Answer<Body>> =>
  send<Body>(service, path, {
    method,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  })
