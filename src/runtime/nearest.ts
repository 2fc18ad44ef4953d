/** The candidate that takes the fewest changes to become `word`; undefined when every one takes more than `most` says. */
export function nearest(
  word: string,
  candidates: readonly string[],
  most: (candidate: string) => number,
): string | undefined {
  const found = candidates
    .map((candidate) => ({ candidate, changes: countChanges(word, candidate) }))
    .filter(({ candidate, changes }) => changes <= most(candidate))
  return found.sort((one, other) => one.changes - other.changes)[0]?.candidate
}

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
