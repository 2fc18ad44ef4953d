/** Parses a time of RFC 3339. Undefined when its day or hour does not exist. */
export function parseTime(text: string): Date | undefined {
  const day = text.slice(0, 10)
  const midnight = new Date(`${day}T00:00:00Z`)
  const time = new Date(text)
  if (Number.isNaN(midnight.getTime()) || Number.isNaN(time.getTime())) return undefined
  // JavaScript takes the 30th of February for a day of March.
  return midnight.toISOString().startsWith(day) ? time : undefined
}
