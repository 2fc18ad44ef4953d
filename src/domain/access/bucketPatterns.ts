/** Whether one of the patterns is the name of the bucket; `*` in a pattern stands for any characters, also none. */
export const matchesAny = (patterns: readonly string[], bucket: string): boolean =>
  patterns.some((pattern) => matches(pattern, bucket))

/** Whether every bucket of the pattern `inner` is one of a pattern of `outer`: nobody gives a reach that they do not have. */
export const coversPattern = (outer: readonly string[], inner: string): boolean =>
  // An asterisk of `inner` is a character that only an asterisk of `outer` takes.
  outer.some((pattern) => matches(pattern, inner))

/** Compares piece by piece, from the left: a regular expression could take quadratic time. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === text
  if (!text.startsWith(first)) return false
  let position = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, position)
    if (found === -1) return false
    position = found + piece.length
  }
  return text.length - last.length >= position && text.endsWith(last)
}
