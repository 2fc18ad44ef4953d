import { filesPath, type UploadOptions } from '../client.ts'
import type { Api } from './agent.ts'

interface Service {
  readonly api: Api
}

/** Uploads bytes as a form with the part `upfile`. */
export const upload = (
  { api }: Service,
  bytes: string | Uint8Array,
  {
    name = 'file.txt',
    type = '',
    fields = {},
    query = '',
  }: Pick<UploadOptions, 'name' | 'type' | 'fields' | 'query'> = {},
) =>
  api
    .post(`${filesPath}${query}`)
    .field(fields)
    .attach('upfile', Buffer.from(bytes), {
      filename: name,
      contentType: type === '' ? 'application/octet-stream' : type,
    })

/** Uploads bytes as the body itself, as `curl -T` does. */
export const putRaw = ({ api }: Service, bytes: string | Uint8Array, query = '') =>
  api.put(`${filesPath}${query}`).send(Buffer.from(bytes))

/** Downloads the bytes of the file that an id or a hash names. */
export const download = ({ api }: Service, reference: string) => api.get(`${filesPath}/${reference}/content`)
