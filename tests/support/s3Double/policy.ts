import { refusal } from './refusal.ts'

/** The values that a form is checked with. */
export interface Policed {
  readonly s3Bucket: string
  readonly fields: ReadonlyMap<string, string>
  readonly size: number
  readonly now: Date
}

type Condition =
  | { readonly kind: 'eq' | 'starts-with'; readonly field: string; readonly value: string }
  | { readonly kind: 'content-length-range'; readonly least: number; readonly most: number }

const denied = (why: string) => refusal('AccessDenied', `Invalid according to Policy: ${why}`)
const invalid = (why: string) => refusal('InvalidPolicyDocument', `Invalid Policy: ${why}`)

/** Fields that no condition has to name. */
const FREE = /^(?:x-amz-signature|signature|awsaccesskeyid|policy|file|x-ignore-.*)$/

/** Throws Amazon's refusal of a form that its policy, in base64, does not allow. */
export function enforcePolicy(policy: string, { s3Bucket, fields, size, now }: Policed): void {
  const { expires, conditions } = parsePolicy(policy)
  if (expires <= now) throw denied('Policy expired.')
  const values = new Map([...fields, ['bucket', s3Bucket] as const])
  for (const condition of conditions) {
    if (condition.kind === 'content-length-range') continue
    const { kind, field, value } = condition
    const actual = values.get(field)
    const holds = kind === 'eq' ? actual === value : actual?.startsWith(value)
    if (!holds) throw denied(`Policy Condition failed: ["${kind}", "$${field}", "${value}"]`)
  }
  const named = new Set(conditions.flatMap((condition) => ('field' in condition ? condition.field : [])))
  const extra = [...fields.keys()].filter((field) => !FREE.test(field) && !named.has(field))
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
  for (const condition of conditions) {
    if (condition.kind !== 'content-length-range') continue
    const details = { ProposedSize: String(size) }
    if (size < condition.least)
      throw refusal(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
        details,
      )
    if (size > condition.most)
      throw refusal('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', details)
  }
}

function parsePolicy(policy: string): { expires: Date; conditions: Condition[] } {
  const document = parseJson(Buffer.from(policy, 'base64').toString())
  if (typeof document !== 'object' || document === null) throw invalid('it is no object.')
  const { expiration, conditions } = document as { expiration?: unknown; conditions?: unknown }
  const expires = new Date(typeof expiration === 'string' ? expiration : '')
  if (Number.isNaN(expires.getTime())) throw invalid('Invalid expiration.')
  if (!Array.isArray(conditions)) throw invalid('Invalid conditions.')
  return { expires, conditions: conditions.flatMap(parseCondition) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('Invalid JSON.')
  }
}

function parseCondition(condition: unknown): Condition[] {
  const unreadable = () => invalid(`Invalid condition: ${JSON.stringify(condition)}`)
  if (Array.isArray(condition)) {
    const [kind, one, other] = condition.map(String)
    if (condition.length !== 3 || one === undefined || other === undefined) throw unreadable()
    if (kind === 'content-length-range') {
      const [least, most] = [Number(one), Number(other)]
      if (!Number.isInteger(least) || !Number.isInteger(most)) throw unreadable()
      return [{ kind, least, most }]
    }
    if ((kind !== 'eq' && kind !== 'starts-with') || !one.startsWith('$')) throw unreadable()
    return [{ kind, field: one.slice(1).toLowerCase(), value: other }]
  }
  if (typeof condition !== 'object' || condition === null) throw unreadable()
  return Object.entries(condition).map(([field, value]) => {
    if (typeof value !== 'string') throw unreadable()
    return { kind: 'eq', field: field.toLowerCase(), value }
  })
}
