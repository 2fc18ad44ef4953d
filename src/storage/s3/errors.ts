import type { S3ServiceException } from '@aws-sdk/client-s3'
import { storageFull, storageUnavailable } from '../../errors/service.ts'
import { FileServiceError } from '../../errors.ts'

/** The HTTP status of an answer that failed, of a gateway too; undefined when no answer came. */
export function errorStatus(error: unknown): number | undefined {
  if (!Error.isError(error) || !('$metadata' in error)) return undefined
  return (error as Partial<S3ServiceException>).$metadata?.httpStatusCode
}

/** The name of a failure: of S3, as NoSuchKey, or of the connection, as ECONNREFUSED. */
export function errorName(error: unknown): string | undefined {
  if (!Error.isError(error)) return undefined
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Whether the failure says that the object or the upload is missing. A HEAD has no body with a name: its 404 counts. */
export const isMissing = (error: unknown): boolean =>
  errorStatus(error) === 404 &&
  ['NoSuchKey', 'NoSuchUpload', 'NotFound', '404'].includes(errorName(error) ?? '')

const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket: check AWS_S3_BUCKET_NAME and AWS_S3_ENDPOINT',
  PermanentRedirect: 'the bucket is in another region: check AWS_S3_REGION and AWS_S3_ENDPOINT',
  AuthorizationHeaderMalformed: 'the bucket is in another region: check AWS_S3_REGION',
  IllegalLocationConstraintException: 'the bucket is in another region: check AWS_S3_REGION',
  InvalidAccessKeyId: 'the access key is unknown: check AWS_ACCESS_KEY_ID',
  // versitygw's name for the same.
  XAdminUserNotFound: 'the access key is unknown: check AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the secret does not fit the access key: check AWS_SECRET_ACCESS_KEY',
  InvalidToken: 'the session token does not belong to the access key: check AWS_SESSION_TOKEN',
  ExpiredToken: 'the credentials have expired: renew AWS_SESSION_TOKEN and the access key that belongs to it',
  TokenRefreshRequired:
    'the credentials have expired: renew AWS_SESSION_TOKEN and the access key that belongs to it',
  CredentialsProviderError:
    'there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role',
  AccessDenied: 'the credentials may not do this: check the rights that belong to AWS_ACCESS_KEY_ID',
  RequestTimeTooSkewed: 'the clock of this machine is wrong: AWS_S3_ENDPOINT refuses its signatures',
  ENOTFOUND: 'its host is unknown: check AWS_S3_ENDPOINT',
  EAI_AGAIN: 'its host is unknown at the moment: check AWS_S3_ENDPOINT',
  ECONNREFUSED: 'nothing listens there: check AWS_S3_ENDPOINT',
  ETIMEDOUT: 'it does not answer: check AWS_S3_ENDPOINT and the network',
  ECONNRESET: 'it closes the connection: check AWS_S3_ENDPOINT and the network',
  EHOSTUNREACH: 'there is no route to it: check AWS_S3_ENDPOINT and the network',
  EPROTO: 'it does not speak TLS: check the http:// or https:// of AWS_S3_ENDPOINT',
  TimeoutError: 'it does not answer: check AWS_S3_ENDPOINT and the network',
  AbortError: 'it does not answer in time: check AWS_S3_ENDPOINT and the network',
}

/** A HEAD has no body: its refusals have no name. */
const adviceOnStatus = (status: number | undefined) =>
  status !== undefined && [400, 401, 403].includes(status)
    ? 'it does not say why: check the rights that belong to AWS_ACCESS_KEY_ID, and whether AWS_SESSION_TOKEN has expired'
    : undefined

/** The failure as a sentence for the operator, with the setting to check. Never shown to clients. */
function explainS3(error: unknown): string {
  const name = errorName(error) ?? 'Error'
  const status = errorStatus(error)
  const message = Error.isError(error) ? error.message : String(error)
  return `S3: ${ADVICE[name] ?? adviceOnStatus(status) ?? 'it failed'} (${status === undefined ? '' : `${status} `}${name}: ${message})`
}

/** A failure of S3 as `storage-full` or `storage-unavailable`. Errors of the domain pass unchanged. */
export function toS3Error(error: unknown): FileServiceError {
  if (error instanceof FileServiceError) return error
  if (errorName(error) === 'QuotaExceeded' || errorStatus(error) === 507) return storageFull(error)
  return storageUnavailable(new Error(explainS3(error), { cause: error }))
}

/** Runs `action`. Throws its failure as an error of the domain. */
export async function attemptS3<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw toS3Error(error)
  }
}
