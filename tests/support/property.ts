import fc from 'fast-check'

/** Text of any code points. `unit: 'binary'` of fast-check is the same, and takes a second to get ready in each test file. */
export const anyText = ({ maxLength = 12 } = {}): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength })
    .map((codes) => String.fromCodePoint(...codes))

export interface PropertyOptions<Case> {
  readonly numRuns: number
  /** After this time no further case is tried; one always is. */
  readonly seconds: number
  readonly examples?: readonly Case[]
}

/**
 * Tries a property on cases until there are enough of them, or the time is over. The time limit of fast-check itself would
 * leave the last case running while the test cleans up the files that the case uses, and fail where the first takes long.
 */
export async function assertProperty<Case>(
  cases: fc.Arbitrary<Case>,
  check: (tried: Case) => Promise<void>,
  { numRuns, seconds, examples = [] }: PropertyOptions<Case>,
): Promise<void> {
  const until = performance.now() + seconds * 1000
  let begun = false
  const property = fc.asyncProperty(cases, async (tried) => {
    if (begun && performance.now() > until) return
    begun = true
    await check(tried)
  })
  await fc.assert(property, { numRuns, examples: examples.map((example) => [example]) })
}
