/**
 * The refusals and failures of the domain; `http/problems/problems.ts` gives each its status, `src/errors/` has a function that
 * makes each.
 */
export type ErrorCode =
  | 'access-key-expired'
  | 'access-key-invalid'
  | 'access-key-needed'
  | 'access-key-revoked'
  | 'access-key-rotated'
  | 'ambiguous-hash'
  | 'bucket-forbidden'
  | 'credential-misplaced'
  | 'credentials-ambiguous'
  | 'key-name-taken'
  | 'key-not-found'
  | 'key-properties-invalid'
  | 'key-revoked'
  | 'link-revoked'
  | 'name-forbidden'
  | 'scope-exceeded'
  | 'scope-missing'
  | 'session-invalid'
  | 'bucket-exists'
  | 'bucket-not-empty'
  | 'bucket-not-found'
  | 'body-incomplete'
  | 'body-too-slow'
  | 'cursor-invalid'
  | 'database-unavailable'
  | 'digest-invalid'
  | 'digest-mismatch'
  | 'encoding-unsupported'
  | 'expiry-invalid'
  | 'file-damaged'
  | 'file-exists'
  | 'file-missing'
  | 'file-missing-yet'
  | 'file-not-found'
  | 'file-too-large'
  | 'foreign-page'
  | 'form-invalid'
  | 'form-too-large'
  | 'host-not-allowed'
  | 'identity-unavailable'
  | 'idempotency-key-reused'
  | 'idempotent-request-running'
  | 'invalid-properties'
  | 'invalid-transition'
  | 'json-invalid'
  | 'link-expired'
  | 'link-invalid'
  | 'metadata-invalid'
  | 'name-invalid'
  | 'name-shared'
  | 'name-taken'
  | 'outcome-unknown'
  | 'owner-forbidden'
  | 'parts-invalid'
  | 'precondition-failed'
  | 'query-invalid'
  | 'quota-exceeded'
  | 'range-not-satisfiable'
  | 'rate-limited'
  | 'size-mismatch'
  | 'storage-full'
  | 'storage-unavailable'
  | 'token-expired'
  | 'token-invalid'
  | 'type-mismatch'
  | 'type-not-allowed'
  | 'upload-fenced'
  | 'upload-not-found'
  | 'upload-taken'

/** A refusal or failure of the domain. The message is a sentence for a person, `details` are for programs. */
export class FileServiceError extends Error {
  override readonly name = 'FileServiceError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** Whether an error has this domain code; false for an error of another kind. */
export const hasCode = (error: unknown, code: ErrorCode): error is FileServiceError =>
  error instanceof FileServiceError && error.code === code

/** The code of a failed system call, as ENOENT, or the SQLSTATE of an error of node-postgres; undefined without one. */
export function errorCode(error: unknown): string | undefined {
  if (!Error.isError(error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
