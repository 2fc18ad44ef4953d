import { sql } from 'kysely'

/** SQL for a moment from now on the database's clock, from an SQL expression of seconds; null for null. */
export const momentAfter = (seconds: string): string => `now() + make_interval(secs => ${seconds})`

/** A moment `seconds` from now on the database's clock. */
export const inSeconds = (seconds: number) => sql<string>`now() + make_interval(secs => ${seconds})`

/** The moment `seconds` ago on the database's clock. */
export const secondsAgo = (seconds: number) => inSeconds(-seconds)
