import type { IncomingMessage } from 'node:http'
import { refusal } from './refusal.ts'

/** A request as it came, and what of it names a bucket and a key. */
export interface S3Request {
  readonly method: string
  /** The path as it was sent, without the query. */
  readonly path: string
  /** Undefined when neither host nor path names one. */
  readonly s3Bucket: string | undefined
  readonly key: string | undefined
  /** Names and values in the order they came, decoded. */
  readonly query: readonly (readonly [string, string])[]
  /** By names in lower case; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>
}

const MOST_KEY_BYTES = 1024

/** In virtual-host style the bucket stands before `domain` in the host's name, otherwise first in the path. */
export function parseRequest(
  { method = 'GET', url = '/', headersDistinct }: IncomingMessage,
  domain: string,
): S3Request {
  const questionMark = url.indexOf('?')
  const path = questionMark === -1 ? url : url.slice(0, questionMark)
  const headers = new Map(
    Object.entries(headersDistinct).map(([name, values = []]) => [
      name,
      values.map((value) => value.trim()).join(','),
    ]),
  )
  return {
    method,
    path,
    query: questionMark === -1 ? [] : parseQuery(url.slice(questionMark + 1)),
    headers,
    ...findPlace(decode(path), headers.get('host') ?? '', domain),
  }
}

function findPlace(path: string, host: string, domain: string) {
  const name = host.replace(/:\d+$/, '')
  if (!path.startsWith('/')) throw refusal('InvalidURI', "Couldn't parse the specified URI.")
  const [s3Bucket, key] = name.endsWith(`.${domain}`)
    ? [name.slice(0, -domain.length - 1), path.slice(1)]
    : (/^\/([^/]*)\/?(.*)$/s.exec(path)?.slice(1) ?? [])
  if (Buffer.byteLength(key ?? '') > MOST_KEY_BYTES) throw refusal('KeyTooLongError', 'Your key is too long')
  return { s3Bucket: s3Bucket || undefined, key: key || undefined }
}

function parseQuery(query: string): [string, string][] {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return pairs.map((pair) => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
    return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))]
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal('InvalidURI', "Couldn't parse the specified URI.")
  }
}
