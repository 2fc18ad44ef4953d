import type { S3Call } from './call.ts'
import { refusal } from './refusal.ts'

const MOST_ENTRIES = 1000

/** Throws `InvalidArgument`. A number above Amazon's largest page means the largest page. */
export function readMost(call: S3Call, name: string): number {
  const most = call.query.get(name) ?? String(MOST_ENTRIES)
  if (!/^\d{1,10}$/.test(most))
    throw refusal('InvalidArgument', `Provided ${name} not an integer or within integer range`)
  return Math.min(Number(most), MOST_ENTRIES)
}

/** The order of every list. */
export const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** How a list is to write names. */
export function encoder(call: S3Call): (name: string) => string {
  const type = call.query.get('encoding-type')
  if (type === undefined) return (name) => name
  if (type !== 'url') throw refusal('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return (name) => encodeURIComponent(name).replaceAll('%2F', '/')
}
