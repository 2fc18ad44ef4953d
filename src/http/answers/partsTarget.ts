import { uploadNotFound } from '../../errors/uploads.ts'

/**
 * The id of the upload that a request about parts names, in lower case. Throws `upload-not-found` when `key` names another
 * upload.
 */
export function partsTarget(uploadId: string, key: string | undefined): string {
  const id = uploadId.toLowerCase()
  if (key !== undefined && key.toLowerCase() !== id) throw uploadNotFound()
  return id
}
