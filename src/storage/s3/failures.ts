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

/** Whether it may go well when it is tried again. 501 means that it never will. */
export function isPassing(error: unknown): boolean {
  const status = errorStatus(error) ?? 0
  return (
    PASSING.has(errorName(error) ?? '') || status === 429 || (status >= 500 && ![501, 507].includes(status))
  )
}

/** What S3 lets nobody of this process in for, whatever is asked. */
const OF_EVERYBODY = new Set([
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'TokenRefreshRequired'],
  ...['CredentialsProviderError', 'RequestTimeTooSkewed'],
])

/** What the failure of a call says about all the others. */
export function toVerdict(error: unknown): S3Verdict {
  const status = errorStatus(error)
  const name = errorName(error) ?? ''
  if (OF_EVERYBODY.has(name)) return 'down'
  // No answer at all, be it that the deadline did not let it come.
  if (status === undefined) return isPassing(error) || name === 'AbortError' ? 'down' : 'none'
  if (status === 429 || status >= 500) return isPassing(error) ? 'down' : 'up'
  // HEAD has no body that tells a missing right from credentials that have expired.
  return [400, 401, 403].includes(status) ? 'none' : 'up'
}
