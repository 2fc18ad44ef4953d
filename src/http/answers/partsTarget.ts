import { uploadNotFound } from '../../errors/uploads.ts'

/** The upload that a call about parts means. Throws `upload-not-found` when it came with the key of another one. */
export function partsTarget(uploadId: string, key: string | undefined): string {
  const id = uploadId.toLowerCase()
  if (key !== undefined && key.toLowerCase() !== id) throw uploadNotFound()
  return id
}
