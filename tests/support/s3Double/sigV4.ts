import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { S3Request } from './request.ts'

// Written from Amazon's description of Signature Version 4, not from the code of any SDK: both must agree by themselves.

/** The scope of a signature: a day, a region, a service. */
export interface CredentialScope {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
  readonly service: string
}

/** Undefined when it is no `<key>/<day>/<region>/<service>/aws4_request`. */
export function parseCredential(credential: string): CredentialScope | undefined {
  const [, accessKeyId, day, region, service] =
    /^([^/]+)\/(\d{8})\/([^/]*)\/([^/]*)\/aws4_request$/.exec(credential) ?? []
  if (accessKeyId === undefined || day === undefined || region === undefined || service === undefined)
    return undefined
  return { accessKeyId, day, region, service }
}

export const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The signature of a text, in hex. */
export function sign(secret: string, { day, region, service }: CredentialScope, text: string): string {
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`)
  return hmac(key, text).toString('hex')
}

export function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

export interface Signed {
  readonly request: S3Request
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

/** The query is taken without the signature itself. */
export function canonicalRequest({ request, signedHeaders, payloadHash }: Signed): string {
  const pairs = request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([oneName, oneValue], [name, value]) => compare(oneName, name) || compare(oneValue, value))
  const segments = request.path.split('/').map((segment) => encode(decodeURIComponent(segment)))
  return [
    request.method,
    segments.join('/'),
    pairs.map(([name, value]) => `${name}=${value}`).join('&'),
    ...signedHeaders.map((name) => `${name}:${(request.headers.get(name) ?? '').replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

export function stringToSign(
  time: string,
  { day, region, service }: CredentialScope,
  canonical: string,
): string {
  return ['AWS4-HMAC-SHA256', time, `${day}/${region}/${service}/aws4_request`, sha256(canonical)].join('\n')
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
