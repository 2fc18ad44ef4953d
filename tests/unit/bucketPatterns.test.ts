import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { coversPattern, matchesAny } from '../../src/domain/access/bucketPatterns.ts'

/** No pattern has the letter c, so it stands for every other letter. */
const longer = (names: readonly string[]) => [
  '',
  ...names.flatMap((name) => ['a', 'b', 'c'].map((letter) => name + letter)),
]
/** All names of at most five letters. */
const allNames = longer(longer(longer(longer(longer([''])))))

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 4 })
/** The same rule in the words of regular expressions. */
const expressionOf = (text: string) => new RegExp(`^${text.replaceAll('*', '.*')}$`)

describe('patterns of buckets', () => {
  it('match as the regular expression does', () => {
    fc.assert(
      fc.property(pattern, fc.constantFrom(...allNames), (text, name) =>
        expect(matchesAny([text], name)).toBe(expressionOf(text).test(name)),
      ),
    )
  })

  it('cover a pattern whose buckets they all match', () => {
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        const inside = allNames.filter((name) => matchesAny([inner], name))
        expect(coversPattern([outer], inner)).toBe(inside.every((name) => matchesAny([outer], name)))
      }),
    )
  })

  it('of several need one that covers all of it', () => {
    expect(coversPattern(['acme-*', 'other'], 'acme-photos-*')).toBe(true)
    expect(coversPattern(['acme-a*', 'acme-b*'], 'acme-*')).toBe(false)
    expect(coversPattern([], 'acme')).toBe(false)
  })

  it('of any length take no time to compare', () => {
    const began = performance.now()
    coversPattern(['*a'.repeat(32)], 'ab'.repeat(30_000))
    expect(performance.now() - began).toBeLessThan(1000)
  })
})
