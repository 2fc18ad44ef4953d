import type { IncomingMessage } from 'node:http'
import type { components } from '../../../api/openapi.gen.ts'
import type { FileRecord } from '../../model/file.ts'
import { publicUrl } from './publicUrl.ts'

export type FileBody = components['schemas']['File']

export const filesPath = '/service/fileupload'

/** A file as the API shows it. */
export const toFileBody = (req: IncomingMessage, file: FileRecord): FileBody => ({
  id: file.id,
  file_hash: file.hash,
  file_name: file.name,
  file_size: file.size,
  file_type: file.mediaType,
  file_sha1: file.sha1,
  file_md5: file.md5,
  bucket: file.bucket,
  status: file.deletedAt === null ? 'stored' : 'deleted',
  metadata: file.metadata,
  created_at: file.createdAt,
  updated_at: file.updatedAt,
  stored_at: file.storedAt,
  expires_at: file.expiresAt,
  deleted_at: file.deletedAt,
  content_url: publicUrl(req, `${filesPath}/${file.id}/content`),
})

/**
 * The entity tag of a file's metadata. Every file, and every change of a file, has another one. `contentEtag` is the tag of
 * its bytes.
 */
export const metadataEtag = ({ id, version }: FileRecord): string => `"${id}-${version}"`
