import { STATUS_CODES } from 'node:http'
import { classifyFailure } from '../../database/connection/failures.ts'
import { databaseUnavailable } from '../../errors/service.ts'
import { type ErrorCode, FileServiceError } from '../../errors.ts'
import { HttpError, statusCode } from './httpErrors.ts'

/** A problem (RFC 9457), and the headers of its answer. */
export interface Problem {
  readonly body: Readonly<Record<string, unknown>> & { readonly status: number; readonly code: string }
  readonly headers: Readonly<Record<string, string>>
}

/** A type of the registry of problem types (draft-ietf-httpapi-ratelimit-headers). */
const quotaExceeded = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/** The only place where a domain error meets an HTTP status. */
const problems: Record<
  ErrorCode,
  {
    readonly status: number
    readonly title: string
    /** `/problems/<code>` unless a registry has one. */
    readonly type?: string
    readonly retryAfterSeconds?: number
  }
> = {
  'access-key-expired': { status: 401, title: 'Access key expired' },
  'access-key-invalid': { status: 401, title: 'Access key invalid' },
  'access-key-needed': { status: 401, title: 'Access key needed' },
  'access-key-revoked': { status: 401, title: 'Access key revoked' },
  'access-key-rotated': { status: 403, title: 'Access key rotated' },
  'bucket-forbidden': { status: 403, title: 'Bucket forbidden' },
  'credential-misplaced': { status: 400, title: 'Credential misplaced' },
  'credentials-ambiguous': { status: 400, title: 'Credentials ambiguous' },
  'key-name-taken': { status: 409, title: 'Key name taken' },
  'key-not-found': { status: 404, title: 'Key not found' },
  'key-properties-invalid': { status: 400, title: 'Key properties invalid' },
  'key-revoked': { status: 409, title: 'Key revoked' },
  'link-revoked': { status: 403, title: 'Link revoked' },
  'name-forbidden': { status: 403, title: 'Name forbidden' },
  'scope-exceeded': { status: 403, title: 'Scope exceeded' },
  'scope-missing': { status: 403, title: 'Scope missing' },
  'session-invalid': { status: 401, title: 'Session invalid' },
  'ambiguous-hash': { status: 409, title: 'Ambiguous hash' },
  'body-incomplete': { status: 400, title: 'Body incomplete' },
  'body-too-slow': { status: 408, title: 'Body too slow' },
  'bucket-exists': { status: 409, title: 'Bucket exists' },
  'bucket-not-empty': { status: 409, title: 'Bucket not empty' },
  'bucket-not-found': { status: 404, title: 'Bucket not found' },
  'cursor-invalid': { status: 400, title: 'Cursor invalid' },
  'database-unavailable': { status: 503, title: 'Database unavailable', retryAfterSeconds: 5 },
  'digest-invalid': { status: 400, title: 'Digest invalid' },
  'digest-mismatch': { status: 422, title: 'Digest mismatch' },
  'encoding-unsupported': { status: 415, title: 'Encoding unsupported' },
  'expiry-invalid': { status: 400, title: 'Expiry invalid' },
  'file-damaged': { status: 500, title: 'File damaged' },
  'file-exists': { status: 403, title: 'File exists' },
  'file-missing': { status: 400, title: 'File missing' },
  'file-missing-yet': { status: 409, title: 'File missing yet' },
  'file-not-found': { status: 404, title: 'File not found' },
  'file-too-large': { status: 413, title: 'File too large' },
  'foreign-page': { status: 403, title: 'Foreign page' },
  'form-invalid': { status: 400, title: 'Form invalid' },
  'form-too-large': { status: 413, title: 'Form too large' },
  'host-not-allowed': { status: 403, title: 'Host not allowed' },
  'identity-unavailable': { status: 503, title: 'Identity unavailable', retryAfterSeconds: 5 },
  'idempotency-key-reused': { status: 422, title: 'Idempotency key reused' },
  'idempotent-request-running': { status: 409, title: 'Idempotent request running', retryAfterSeconds: 5 },
  'invalid-properties': { status: 403, title: 'Invalid properties' },
  'invalid-transition': { status: 409, title: 'Invalid transition' },
  'json-invalid': { status: 400, title: 'JSON invalid' },
  'link-expired': { status: 403, title: 'Link expired' },
  'link-invalid': { status: 403, title: 'Link invalid' },
  'metadata-invalid': { status: 400, title: 'Metadata invalid' },
  'name-invalid': { status: 400, title: 'Name invalid' },
  'name-shared': { status: 409, title: 'Name shared' },
  'name-taken': { status: 409, title: 'Name taken' },
  'outcome-unknown': { status: 503, title: 'Outcome unknown', retryAfterSeconds: 10 },
  'owner-forbidden': { status: 403, title: 'Owner forbidden' },
  'parts-invalid': { status: 400, title: 'Parts invalid' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'query-invalid': { status: 400, title: 'Query invalid' },
  'quota-exceeded': { status: 413, title: 'Quota exceeded' },
  'range-not-satisfiable': { status: 416, title: 'Range not satisfiable' },
  'rate-limited': { status: 429, title: 'Rate limited', type: quotaExceeded },
  'size-mismatch': { status: 422, title: 'Size mismatch' },
  'storage-full': { status: 507, title: 'Storage full' },
  'storage-unavailable': { status: 503, title: 'Storage unavailable', retryAfterSeconds: 5 },
  'token-expired': { status: 401, title: 'Token expired' },
  'token-invalid': { status: 401, title: 'Token invalid' },
  'type-mismatch': { status: 422, title: 'Type mismatch' },
  'type-not-allowed': { status: 415, title: 'Type not allowed' },
  'upload-fenced': { status: 503, title: 'Upload given up', retryAfterSeconds: 1 },
  'upload-not-found': { status: 404, title: 'Upload not found' },
  'upload-taken': { status: 409, title: 'Upload taken' },
}

/**
 * The problem that a client gets for an error. A problem with status 500 shows its code and never the message of the error.
 * Errors of node-postgres that no function of the domain has interpreted become `database-unavailable` here.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof FileServiceError) {
    const { status, title, retryAfterSeconds, type = `/problems/${error.code}` } = problems[error.code]
    const detail = status === 500 ? undefined : error.message
    const body = { type, title, status, detail, code: error.code, ...error.details }
    return { body, headers: headersOf(error, retryAfterSeconds) }
  }
  if (error instanceof HttpError) {
    const { errors, headers } = error
    return {
      body: { ...genericBody(error.status, error.message), ...(errors.length > 0 && { errors }) },
      headers,
    }
  }
  const status = statusOf(error)
  if (status === undefined && classifyFailure(error) !== 'other') return toProblem(databaseUnavailable(error))
  if (status === undefined || status >= 500) return { body: genericBody(500, undefined), headers: {} }
  // The errors of express, express-openapi-validator and body-parser: their messages describe only the request.
  const errors = status === 400 ? toErrors(error) : []
  return {
    body: { ...genericBody(status, messageOf(error)), ...(errors.length > 0 && { errors }) },
    headers: {},
  }
}

function headersOf(
  { code, details }: FileServiceError,
  retryAfterSeconds: number | undefined,
): Record<string, string> {
  if (problems[code].status === 401) return { 'WWW-Authenticate': challengeOf(code) }
  if (code === 'rate-limited') return { 'Retry-After': String(details.retry_after) }
  if (code === 'range-not-satisfiable') return { 'Content-Range': `bytes */${details.size}` }
  return retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
}

/** RFC 6750, 3. Never Basic: browsers would open a dialog of their own. */
const challengeOf = (code: ErrorCode) =>
  code === 'access-key-needed' ? 'Bearer realm="upfile"' : 'Bearer realm="upfile", error="invalid_token"'

const genericBody = (status: number, detail: string | undefined) => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  code: statusCode(status),
})

function statusOf(error: unknown): number | undefined {
  if (!Error.isError(error)) return undefined
  const status = 'status' in error ? error.status : 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : undefined
}

const messageOf = (error: unknown) => (Error.isError(error) ? error.message.slice(0, 500) : undefined)

/** The places at fault. The validator writes a place as `/query/limit`, `/headers/if-match` or `/body/upfile`. */
function toErrors(error: unknown): Record<string, string>[] {
  if (!Error.isError(error) || !('errors' in error) || !Array.isArray(error.errors)) return []
  return error.errors.map(({ path, message }: { path?: unknown; message?: unknown }) => {
    const [, place = '', ...rest] = String(path).split('/')
    const detail = String(message)
    if (place === 'query' || place === 'params') return { parameter: rest.join('/'), detail }
    if (place === 'headers') return { header: rest.join('/'), detail }
    // RFC 6901: the empty pointer names the whole body.
    return { pointer: rest.map((token) => `/${token}`).join(''), detail }
  })
}
