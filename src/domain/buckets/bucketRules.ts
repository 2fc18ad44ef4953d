import { fileTooLarge, typeNotAllowed } from '../../errors/files.ts'
import type { BucketRules } from '../../model/bucket.ts'
import { allowsType } from '../values/mediaTypes.ts'

/** The limits of the service for every file, and the rules that the file's bucket adds. */
export interface FileLimits {
  readonly service: { readonly maxFileSizeBytes: number; readonly allowedTypes: readonly string[] }
  readonly bucket: BucketRules
}

/** How many bytes a file of a bucket may have at most. */
export const mostBytes = ({ service, bucket }: FileLimits): number =>
  Math.min(service.maxFileSizeBytes, bucket.maxFileSizeBytes ?? Number.POSITIVE_INFINITY)

/** Throws `file-too-large`. */
export function insistOnSize(limits: FileLimits, bytes: number): void {
  const most = mostBytes(limits)
  if (bytes > most) throw fileTooLarge(most)
}

/** Throws `type-not-allowed`. */
export function insistOnType({ service, bucket }: FileLimits, mediaType: string): void {
  if (!allowsType(service.allowedTypes, mediaType) || !allowsType(bucket.allowedTypes, mediaType))
    throw typeNotAllowed(mediaType)
}
