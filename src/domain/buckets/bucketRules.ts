import type { Deps } from '../../deps.ts'
import { fileTooLarge, typeNotAllowed } from '../../errors/files.ts'
import type { Limits, Subject } from '../../model/allowance.ts'
import { defaultRules } from '../../model/bucket.ts'
import { allowsType } from '../values/mediaTypes.ts'

/** The limits for files of one bucket: the service's settings and the bucket's rules together. */
export interface FileLimits {
  /** The largest size of a file, in bytes. */
  readonly maxBytes: number
  /** Every one of these lists must allow the media type of a file; an empty list allows every type. */
  readonly allowedTypes: readonly (readonly string[])[]
  /** The lifetime of a file whose sender names none, in seconds; undefined means for ever. */
  readonly expiresInSeconds: number | undefined
  /** Whose limits for all files together count, too; empty in a bucket without such limits. */
  readonly subjects: readonly Subject[]
}

/**
 * The limits for files of this bucket. Undefined means that the bucket is not known yet: the limits are then the service's
 * settings alone. Throws what the database throws.
 */
export async function limitsOf(
  { config: { limits }, bucketRules }: Deps,
  bucket: string | undefined,
): Promise<FileLimits> {
  const rules = bucket === undefined ? defaultRules : await bucketRules.of(bucket)
  return {
    maxBytes: Math.min(limits.maxFileSizeBytes, rules.maxFileSizeBytes ?? Number.POSITIVE_INFINITY),
    allowedTypes: [limits.allowedTypes, rules.allowedTypes],
    expiresInSeconds: rules.expiresInSeconds ?? undefined,
    subjects: isLimited(rules) && bucket !== undefined ? [{ kind: 'bucket', name: bucket }] : [],
  }
}

const isLimited = ({ maxBytes, maxFiles }: Limits) => maxBytes !== null || maxFiles !== null

/** Throws `file-too-large`. */
export function insistOnSize({ maxBytes }: FileLimits, bytes: number): void {
  if (bytes > maxBytes) throw fileTooLarge(maxBytes)
}

/** Throws `type-not-allowed`. */
export function insistOnType({ allowedTypes }: FileLimits, mediaType: string): void {
  if (!allowedTypes.every((allowed) => allowsType(allowed, mediaType))) throw typeNotAllowed(mediaType)
}
