import { complaintAbout, findKey, type Judge, parseTime } from './credentials.ts'
import { refusal } from './refusal.ts'
import type { S3Request } from './request.ts'
import { doesNotMatch, insistOnSigned } from './signedHeaders.ts'
import { canonicalRequest, isSame, parseCredential, sign, stringToSign } from './sigV4.ts'

const LONGEST_SECONDS = 7 * 86_400
const MOST_SKEW_MILLISECONDS = 15 * 60_000

const UNSIGNED = 'UNSIGNED-PAYLOAD'

const required = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(
  (name) => `X-Amz-${name}`,
)

export const isPresigned = ({ query }: S3Request): boolean =>
  query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm')

/** Checks a request whose signature is in the query. Returns its statement about the body. */
export function verifyQuery(request: S3Request, judge: Judge): string {
  const malformed = (message: string) => refusal('AuthorizationQueryParametersError', message)
  const values = new Map(request.query)
  if (request.query.filter(([name]) => required.includes(name)).length !== required.length)
    throw malformed(`Query-string authentication version 4 requires the ${required.join(', ')} parameters.`)
  const read = (name: string) => values.get(`X-Amz-${name}`) ?? ''
  if (read('Algorithm') !== 'AWS4-HMAC-SHA256')
    throw malformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  const scope = parseCredential(read('Credential'))
  const signedAt = parseTime(read('Date'))
  if (!scope) throw malformed('Error parsing the X-Amz-Credential parameter.')
  if (!signedAt) throw malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  const complaint = complaintAbout(scope, judge, read('Date'))
  if (complaint !== undefined) throw malformed(`Error parsing the X-Amz-Credential parameter; ${complaint}`)
  const expires = /^\d+$/.test(read('Expires')) ? Number(read('Expires')) : undefined
  if (expires === undefined) throw malformed('X-Amz-Expires should be a number')
  if (expires > LONGEST_SECONDS) throw malformed('X-Amz-Expires must be less than a week (in seconds)')
  const key = findKey(judge, scope.accessKeyId, values.get('X-Amz-Security-Token'))
  insistOnTime(judge.now(), signedAt, expires)

  const signedHeaders = read('SignedHeaders').split(';')
  insistOnSigned(request.headers, signedHeaders)
  const payloadHash =
    request.headers.get('x-amz-content-sha256') ?? values.get('X-Amz-Content-Sha256') ?? UNSIGNED
  const canonical = canonicalRequest({ request, signedHeaders, payloadHash })
  const text = stringToSign(read('Date'), scope, canonical)
  if (!isSame(read('Signature'), sign(key.secretAccessKey, scope, text))) throw doesNotMatch(canonical, text)
  return payloadHash
}

function insistOnTime(now: Date, signedAt: Date, expires: number): void {
  const ServerTime = now.toISOString()
  if (signedAt.getTime() - now.getTime() > MOST_SKEW_MILLISECONDS)
    throw refusal('AccessDenied', 'Request is not valid yet', { ServerTime })
  const end = new Date(signedAt.getTime() + expires * 1000)
  if (end <= now)
    throw refusal('AccessDenied', 'Request has expired', { Expires: end.toISOString(), ServerTime })
}

/** Headers that a client moved to the query, to be signed there. */
export const hoistedHeaders = ({ query }: S3Request): [string, string][] =>
  query
    .filter(([name]) => /^x-amz-/i.test(name) && !required.includes(name))
    .map(([name, value]) => [name.toLowerCase(), value])
