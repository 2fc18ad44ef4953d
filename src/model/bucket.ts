/** The bucket of a request that names none. */
export const defaultBucket = 'default'

/** Whether a bucket's files can be read without a credential or a link. */
export type Visibility = 'private' | 'public'

/** Whether links lead straight to the storage, where it can be reached, or to the service. */
export type LinkRule = 'direct' | 'service'

/** What holds for all files of a bucket. */
export interface BucketRules {
  readonly visibility: Visibility
  readonly links: LinkRule
  /** Null means as large as the service takes them. */
  readonly maxFileSizeBytes: number | null
  /** Media types that are taken, `image/*` for a family; empty means all that the service takes. */
  readonly allowedTypes: readonly string[]
  /** How long a file lives whose sender says nothing about it; null means for ever. */
  readonly expiresInSeconds: number | null
}

export interface BucketRecord extends BucketRules {
  readonly name: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** The rules of a bucket that nobody gave any, as one is that does not exist yet. */
export const defaultRules: BucketRules = {
  visibility: 'private',
  links: 'direct',
  maxFileSizeBytes: null,
  allowedTypes: [],
  expiresInSeconds: null,
}
