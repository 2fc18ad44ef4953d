import { fileTooLarge, typeNotAllowed } from '../../errors.ts'
import type { BucketRules } from '../../model/bucket.ts'
import { allowsType } from '../values/mediaTypes.ts'

/** What decides about every file, and what its bucket adds. */
export interface Judges {
  readonly limits: { readonly maxFileSizeBytes: number; readonly allowedTypes: readonly string[] }
  readonly rules: BucketRules
}

/** How many bytes a file of a bucket may have at most. */
export const mostBytes = ({ limits, rules }: Judges): number =>
  Math.min(limits.maxFileSizeBytes, rules.maxFileSizeBytes ?? Number.POSITIVE_INFINITY)

/** Throws `file-too-large`. */
export function insistOnSize(judges: Judges, bytes: number): void {
  const most = mostBytes(judges)
  if (bytes > most) throw fileTooLarge(most)
}

/** Throws `type-not-allowed`. */
export function insistOnType({ limits, rules }: Judges, mediaType: string): void {
  if (!allowsType(limits.allowedTypes, mediaType) || !allowsType(rules.allowedTypes, mediaType))
    throw typeNotAllowed(mediaType)
}
