import type { Actor } from '../../model/actor.ts'
import { matchesAny } from './bucketPatterns.ts'

/** Whether a file, or an upload, is one of those that the actor may touch. One that is not looks like one that is absent. */
export const reaches = (
  { reach: { buckets, prefix } }: Actor,
  { bucket, name }: { readonly bucket: string; readonly name: string },
): boolean => matchesAny(buckets, bucket) && name.startsWith(prefix)
