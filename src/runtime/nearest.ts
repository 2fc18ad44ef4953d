/** The candidate that takes the fewest changes to become `word`; undefined when every one takes more than `most` says. */
export function nearest(
  word: string,
  candidates: readonly string[],
  most: (candidate: string) => number,
): string | undefined {
  const found = candidates
    // Another length takes a change for each letter more or less: most candidates need not be compared.
    .filter((candidate) => Math.abs(word.length - candidate.length) <= most(candidate))
    .map((candidate) => ({ candidate, changes: countChanges(word, candidate) }))
    .filter(({ candidate, changes }) => changes <= most(candidate))
  return found.sort((one, other) => one.changes - other.changes)[0]?.candidate
}

/**
 * The known name that `name` looks like: the same but for case and signs, or with few changes; undefined when there is none.
 * Short names may have only one change: two make PGHOST of DB_HOST, and HOME of HOST.
 */
export function lookalike<Name extends string>(name: string, known: readonly Name[]): Name | undefined {
  const byLetters = new Map<string, Name>(known.map((each) => [lettersOf(each), each]))
  const found = nearest(lettersOf(name), [...byLetters.keys()], ({ length }) => (length <= 8 ? 1 : 2))
  return found === undefined ? undefined : byLetters.get(found)
}

const lettersOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** How many letters to add, drop, replace or swap with their neighbour (the optimal string alignment distance). */
function countChanges(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= one.length; row++) {
    const [above = [], twoAbove = []] = [rows[row - 1], rows[row - 2]]
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1]
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (twoAbove[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    rows.push(current)
  }
  return rows.at(-1)?.at(-1) ?? 0
}
