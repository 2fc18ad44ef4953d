import type { Limits, Usage } from './allowance.ts'

/** The bucket of a request that names none. */
export const defaultBucket = 'default'

/** Whether a text has the form of a bucket's name, as the contract has it. */
export const isBucketName = (text: unknown): text is string =>
  typeof text === 'string' && /^[a-z0-9][a-z0-9._-]{0,62}$/.test(text)

/** Whether clients without a credential or a link can read a bucket's files (`public`) or not (`private`). */
export type Visibility = 'private' | 'public'

/** Whether links lead to the storage, if clients can reach the storage (`direct`), or always to the service. */
export type LinkRule = 'direct' | 'service'

/**
 * What users may do in a bucket. `none`: nothing. `own`: upload files, and read, list, change and delete their own. `shared`: the
 * same, and read and list the files of everybody.
 */
export type UserRule = 'none' | 'own' | 'shared'

/** The rules for all files of a bucket. */
export interface BucketRules extends Limits {
  readonly visibility: Visibility
  readonly links: LinkRule
  readonly users: UserRule
  /** Null means the limit of the service. */
  readonly maxFileSizeBytes: number | null
  /** Media types, or families as `image/*`; empty means every type that the service allows. */
  readonly allowedTypes: readonly string[]
  /** Lifetime of a file whose sender names none; null means for ever. */
  readonly expiresInSeconds: number | null
}

/** One bucket with its rules. Times as in `FileRecord`. */
export interface BucketRecord extends BucketRules {
  readonly name: string
  /** What the files have; null for a bucket without limits, and while its files are counted. */
  readonly usage: Usage | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The rules of a bucket that does not exist yet, or that was created without rules. */
export const defaultRules: BucketRules = {
  visibility: 'private',
  links: 'direct',
  users: 'none',
  maxFileSizeBytes: null,
  maxBytes: null,
  maxFiles: null,
  allowedTypes: [],
  expiresInSeconds: null,
}
