import { refusal } from './refusal.ts'
import { type CredentialScope, isSame } from './sigV4.ts'

/** A key that the double knows. */
export interface S3DoubleKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Given for credentials of a role; they are no good without. */
  readonly sessionToken?: string
  readonly expires?: Date
}

/** The values that a signature is checked with. */
export interface Judge {
  readonly keys: readonly S3DoubleKey[]
  readonly region: string
  now(): Date
}

/** Finds the secret for a credential. Throws Amazon's refusal of one that is unknown, of a role, or expired. */
export function findKey({ keys, now }: Judge, accessKeyId: string, token: string | undefined): S3DoubleKey {
  const key = keys.find((known) => known.accessKeyId === accessKeyId)
  if (!key) {
    const message = 'The AWS Access Key Id you provided does not exist in our records.'
    throw refusal('InvalidAccessKeyId', message, { AWSAccessKeyId: accessKeyId })
  }
  if (!isSame(key.sessionToken ?? '', token ?? ''))
    throw refusal('InvalidToken', 'The provided token is malformed or otherwise invalid.')
  if (key.expires && key.expires <= now()) throw refusal('ExpiredToken', 'The provided token has expired.')
  return key
}

/** The fault of a scope, in Amazon's words; undefined when it has none. `time` is that of the signature. */
export function complaintAbout(scope: CredentialScope, judge: Judge, time: string): string | undefined {
  const { day, region, service } = scope
  if (region !== judge.region) return `the region '${region}' is wrong; expecting '${judge.region}'`
  if (service !== 's3') return `incorrect service "${service}". This endpoint belongs to "s3".`
  if (!time.startsWith(day)) return `incorrect date "${day}". This date is not the same as X-Amz-Date.`
  return undefined
}

/** Undefined when it is no time as `20260101T000000Z`. */
export function parseTime(text: string): Date | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const [year, month, day, hour, minute, second] = parts
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time.getTime()) ? undefined : time
}
