import pg from 'pg'

const parseDate = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text')

/** The text of a session in UTC. `timestamptz(3)` has at most three digits after the point. */
const UTC_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?\+00$/

/** Turns the text of a `timestamptz` into RFC 3339: in UTC, with milliseconds. Throws a RangeError for `infinity`. */
export function toRfc3339(text: string): string {
  // A Date in between costs 15 times as much, and a page of a list has 300 times.
  if (!UTC_TEXT.test(text)) return new Date(parseDate(text)).toISOString()
  const time = text.slice(11, -3)
  return `${text.slice(0, 10)}T${(time.length === 8 ? `${time}.` : time).padEnd(12, '0')}Z`
}
