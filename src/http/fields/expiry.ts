import { expiryInvalid } from '../../errors/files.ts'
import { parseTime } from './parseTime.ts'

/** The latest time that both PostgreSQL and RFC 3339 can express. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Parses the `expires_at` of a JSON body; `now` in seconds since 1970. Throws `expiry-invalid` for a time that does not exist or
 * is not in the future.
 */
export function parseFuture(text: string, now: number): string {
  const time = parseTime(text)
  if (!time || time.getTime() > LATEST)
    throw expiryInvalid('/expires_at', 'must be a time that exists, as in RFC 3339')
  if (time.getTime() <= now * 1000) throw expiryInvalid('/expires_at', 'must be in the future')
  return time.toISOString()
}

/** The names of a JSON body that say when something ends. */
interface Expiry {
  /** Seconds from now on. */
  readonly expires_in?: number
  readonly expires_at?: string | null
}

/**
 * The moment that a JSON body names: null means never, undefined that it names none. `now` as above. Throws `expiry-invalid`,
 * also when it names a moment in both ways.
 */
export function parseExpiry(
  { expires_in: seconds, expires_at: text }: Expiry,
  now: number,
): string | null | undefined {
  if (seconds === undefined) return typeof text === 'string' ? parseFuture(text, now) : text
  if (text !== undefined) throw expiryInvalid('/expires_at', 'must be named by expires_in or by expires_at')
  return new Date((now + seconds) * 1000).toISOString()
}
