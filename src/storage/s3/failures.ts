import type { S3Verdict } from './breaker.ts'
import { errorName, errorStatus } from './errors.ts'

const PASSING = new Set([
  ...[
    'ECONNRESET',
    'ECONNREFUSED',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...[
    'TimeoutError',
    'RequestTimeout',
    'RequestTimeoutException',
    'SlowDown',
    'Throttling',
    'ThrottlingException',
  ],
  ...['TooManyRequestsException', 'RequestLimitExceeded', 'BandwidthLimitExceeded', 'ServiceUnavailable'],
  ...['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch', 'IncompleteBody'],
  // The SDK reads the server's clock from the refusal and signs by it from then on.
  ...['InternalError', 'OperationAborted', 'ConditionalRequestConflict', 'RequestTimeTooSkewed'],
])

/** Whether the same call may succeed when it is sent again. 501 means never. */
export function isPassing(error: unknown): boolean {
  const status = errorStatus(error) ?? 0
  return (
    PASSING.has(errorName(error) ?? '') || status === 429 || (status >= 500 && ![501, 507].includes(status))
  )
}

/** Refusals of the credentials or the clock: every call of this process fails with them. */
const REFUSES_ALL = new Set([
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'TokenRefreshRequired'],
  ...['CredentialsProviderError', 'RequestTimeTooSkewed'],
])

/** What the failure of one call tells about S3. */
export function toVerdict(error: unknown): S3Verdict {
  const status = errorStatus(error)
  const name = errorName(error) ?? ''
  if (REFUSES_ALL.has(name)) return 'down'
  // No answer came, or the deadline passed before it came.
  if (status === undefined) return isPassing(error) || name === 'AbortError' ? 'down' : 'none'
  if (status === 429 || status >= 500) return isPassing(error) ? 'down' : 'up'
  // A HEAD has no body that tells a missing right from expired credentials.
  return [400, 401, 403].includes(status) ? 'none' : 'up'
}
