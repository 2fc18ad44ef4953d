import { complaintAbout, findKey, type Judge, parseTime } from './credentials.ts'
import { refusal } from './refusal.ts'
import type { S3Request } from './request.ts'
import { canonicalRequest, isSame, parseCredential, sha256, sign, stringToSign } from './sigV4.ts'

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/
const MOST_SKEW_MILLISECONDS = 15 * 60_000

/** Checks a request that carries an Authorization header. Returns its statement about the body. */
export function verifyHeaders(request: S3Request, judge: Judge): string {
  const { headers } = request
  const malformed = (complaint: string) =>
    refusal('AuthorizationHeaderMalformed', `The authorization header is malformed; ${complaint}`, {
      Region: judge.region,
    })
  const [, credential, names, signature] = AUTHORIZATION.exec(headers.get('authorization') ?? '') ?? []
  const scope = parseCredential(credential ?? '')
  if (!scope || names === undefined || signature === undefined) throw malformed('it cannot be read.')
  const time = headers.get('x-amz-date') ?? ''
  const complaint = complaintAbout(scope, judge, time)
  const signedAt = parseTime(time)
  if (!signedAt)
    throw refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  if (complaint !== undefined) throw malformed(complaint)
  const key = findKey(judge, scope.accessKeyId, headers.get('x-amz-security-token'))
  const now = judge.now()
  if (Math.abs(now.getTime() - signedAt.getTime()) > MOST_SKEW_MILLISECONDS)
    throw refusal(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: time,
        ServerTime: now.toISOString(),
        MaxAllowedSkewMilliseconds: String(MOST_SKEW_MILLISECONDS),
      },
    )
  const payloadHash = headers.get('x-amz-content-sha256')
  if (payloadHash === undefined)
    throw refusal('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  const signedHeaders = names.split(';')
  insistOnSigned(headers, signedHeaders)
  const canonical = canonicalRequest({ request, signedHeaders, payloadHash })
  const text = stringToSign(time, scope, canonical)
  if (!isSame(signature, sign(key.secretAccessKey, scope, text))) throw doesNotMatch(canonical, text)
  return payloadHash
}

/** Amazon wants the host signed, and every header that S3 itself interprets. */
export function insistOnSigned(headers: ReadonlyMap<string, string>, signed: readonly string[]): void {
  const wanted = ['host', ...[...headers.keys()].filter((name) => name.startsWith('x-amz-'))]
  const unsigned = wanted.filter((name) => !signed.includes(name))
  if (unsigned.length > 0)
    throw refusal('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
}

/** Amazon shows the text that it signed itself, so that the client can compare. */
export const doesNotMatch = (canonical: string, text: string) =>
  refusal(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { StringToSign: text, CanonicalRequest: canonical, CanonicalRequestHash: sha256(canonical) },
  )
