/** Whose files are limited together: a bucket. */
export interface Subject {
  readonly kind: 'bucket'
  readonly name: string
}

/** The limits for all live files of a subject together; null means none. */
export interface Limits {
  /** Bytes of all files together. */
  readonly maxBytes: number | null
  readonly maxFiles: number | null
}

/** The size of what a subject has. */
export interface Usage {
  /** Bytes of all live files together. An expired file is live until maintenance marks it as deleted. */
  readonly bytes: number
  readonly files: number
  /** Bytes of all deleted files together that are not forgotten yet. */
  readonly deletedBytes: number
}

/** The key of a subject in the database. */
export const subjectText = ({ kind, name }: Subject): string => `${kind}:${name}`
