import type { components } from '../../../api/openapi.gen.ts'
import type { Actor } from '../../model/actor.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'

type BucketBody = components['schemas']['Bucket']
type RulesBody = components['schemas']['BucketRules']

/** A bucket as the API shows it to an actor: sums would tell a user of the files of others, unless users share them. */
export const toBucketBody = (bucket: BucketRecord, { reach }: Actor): BucketBody => ({
  name: bucket.name,
  visibility: bucket.visibility,
  links: bucket.links,
  users: bucket.users,
  max_file_size: bucket.maxFileSizeBytes,
  allowed_types: [...bucket.allowedTypes],
  expires_in: bucket.expiresInSeconds,
  max_bytes: bucket.maxBytes,
  max_files: bucket.maxFiles,
  usage: reach.owner === undefined || bucket.users === 'shared' ? toUsageBody(bucket) : null,
  created_at: bucket.createdAt,
  updated_at: bucket.updatedAt,
})

const toUsageBody = ({ usage }: BucketRecord): BucketBody['usage'] =>
  usage && { bytes: usage.bytes, files: usage.files, deleted_bytes: usage.deletedBytes }

/** The rules that the body of a request sets. */
export const toBucketRules = (body: RulesBody): Partial<BucketRules> => ({
  ...(body.visibility !== undefined && { visibility: body.visibility }),
  ...(body.links !== undefined && { links: body.links }),
  ...(body.users !== undefined && { users: body.users }),
  ...(body.max_file_size !== undefined && { maxFileSizeBytes: body.max_file_size }),
  ...(body.allowed_types !== undefined && {
    allowedTypes: body.allowed_types.map((type) => type.toLowerCase()),
  }),
  ...(body.max_bytes !== undefined && { maxBytes: body.max_bytes }),
  ...(body.max_files !== undefined && { maxFiles: body.max_files }),
  ...(body.expires_in !== undefined && { expiresInSeconds: body.expires_in }),
})
