import type { TestService } from '../service.ts'
import { type Api, createApi } from './agent.ts'

interface Service {
  readonly api: Api
}

/** Posts a file under a name, as a form with the part `file`; to `/file` when no bucket is given. */
export const putNamed = (
  { api }: Service,
  name: string,
  bytes: string | Uint8Array,
  { bucket, fields = {} }: { bucket?: string; fields?: Readonly<Record<string, string>> } = {},
) =>
  api
    .post(bucket === undefined ? '/file' : `/file/${bucket}`)
    .field(fields)
    .attach('file', Buffer.from(bytes), name)

/** Asks for a link to the file of a name. */
export const namedLink = ({ api }: Service, bucket: string, name: string, query = '') =>
  api.get(`/file/${bucket}/${encodeURIComponent(name)}${query}`)

export const deleteNamed = ({ api }: Service, bucket: string, name: string) =>
  api.delete(`/file/${bucket}/${encodeURIComponent(name)}`)

/** Begins a request to a link, as anyone can; a link without a host leads to the service. */
export function follow(
  { url }: Pick<TestService, 'url'>,
  link: string,
  method: 'get' | 'head' | 'put' | 'post' = 'get',
) {
  const { origin, pathname, search } = new URL(link, url)
  return createApi(origin)[method](`${pathname}${search}`)
}

/** Makes a bucket with these rules. */
export const makeBucket = ({ api }: Service, name: string, rules: Readonly<Record<string, unknown>> = {}) =>
  api.post('/buckets').send({ name, ...rules })
