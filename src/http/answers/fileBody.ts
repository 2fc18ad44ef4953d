import type { IncomingMessage } from 'node:http'
import type { components } from '../../../api/openapi.gen.ts'
import type { FileRecord } from '../../model/file.ts'
import { publicUrl } from './publicUrl.ts'

export type FileBody = components['schemas']['File']

export const filesPath = '/service/fileupload'

/** Writes a file in JSON, as the API shows it: a `FileBody`. */
export type WriteFile = (file: FileRecord) => string

/**
 * The function that writes files for the answer to this request. Only values that may hold a quotation mark are escaped: the
 * others are ids, digests, numbers, times, and names of buckets and actors.
 */
export function fileWriter(req: IncomingMessage): WriteFile {
  const urlStart = JSON.stringify(publicUrl(req, `${filesPath}/`)).slice(0, -1)
  return (file) =>
    `{"id":"${file.id}","file_hash":"${file.hash}","file_name":${JSON.stringify(file.name)},"file_size":${file.size}` +
    `,"file_type":${JSON.stringify(file.mediaType)},"file_sha1":"${file.sha1}","file_md5":"${file.md5}"` +
    `,"bucket":"${file.bucket}","status":"${file.deletedAt === null ? 'stored' : 'deleted'}"` +
    `,"owner":${JSON.stringify(file.owner)},"metadata":${file.metadata},"created_at":"${file.createdAt}","updated_at":"${file.updatedAt}"` +
    `,"stored_at":"${file.storedAt}","expires_at":${timeOrNull(file.expiresAt)}` +
    `,"deleted_at":${timeOrNull(file.deletedAt)},"created_by":${JSON.stringify(file.createdBy)},"content_url":${urlStart}${file.id}/content"}`
}

const timeOrNull = (time: string | null) => (time === null ? 'null' : `"${time}"`)

/**
 * The entity tag of a file's metadata. Every file, and every change of a file, has another one. `contentEtag` is the tag of
 * its bytes.
 */
export const metadataEtag = ({ id, version }: FileRecord): string => `"${id}-${version}"`
