import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Decision, decide, type Target } from '../../src/domain/access/decide.ts'
import { type Actor, anonymous, type Scope, scopes } from '../../src/model/actor.ts'

/** Who may do what, in the order of the sentences of the design and without a word of its code. */
function reference({ kind, scopes: has, reach }: Actor, scope: Scope, target: Target): Decision {
  const isUser = reach.owner !== undefined
  const patterns = reach.buckets.map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`))
  const isOwn = target.owner === undefined || target.owner === reach.owner
  const looksOnly = ['read', 'list'].includes(scope)
  const refusals: [boolean, Decision][] = [
    [kind === 'anonymous', 'access-key-needed'],
    [!has.includes(scope) && !has.includes('admin'), 'scope-missing'],
    [
      target.bucket !== undefined && !patterns.some((each) => each.test(target.bucket ?? '')),
      'bucket-forbidden',
    ],
    [
      target.name !== undefined && target.name.slice(0, reach.prefix.length) !== reach.prefix,
      'name-forbidden',
    ],
    [isUser && target.users === 'none', 'bucket-forbidden'],
    [isUser && !isOwn && !(target.users === 'shared' && looksOnly), 'owner-forbidden'],
  ]
  return refusals.find(([refused]) => refused)?.[1] ?? 'allowed'
}

const text = (letters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength }).map((chosen) => chosen.join(''))
const owner = fc.constantFrom('anna', 'bob')

const actors: fc.Arbitrary<Actor> = fc
  .record({
    scopes: fc.subarray([...scopes]),
    buckets: fc.array(text('ab*', 4), { minLength: 1, maxLength: 3 }),
    prefix: text('ab/', 2),
    owner: fc.option(owner, { nil: undefined }),
  })
  .map(({ scopes: chosen, buckets, prefix, owner: user }) => ({
    kind: user === undefined ? 'key' : 'user',
    name: 'somebody',
    scopes: chosen,
    reach: { buckets, prefix, ...(user !== undefined && { owner: user }) },
    expiresAt: null,
  }))

const targets: fc.Arbitrary<Target> = fc.record(
  {
    bucket: text('ab', 4),
    name: text('ab/', 4),
    owner: fc.option(owner),
    users: fc.constantFrom('none', 'own', 'shared'),
  },
  { requiredKeys: [] },
)

describe('decide', () => {
  it('decides as the sentences of the design say', () => {
    const seen = new Set<Decision>()
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: actors }, fc.constant(anonymous)),
        fc.constantFrom(...scopes),
        targets,
        (actor, scope, target) => {
          const decision = decide(actor, scope, target)
          seen.add(decision)
          expect(decision).toBe(reference(actor, scope, target))
        },
      ),
      { numRuns: 20_000 },
    )
    expect([...seen].toSorted()).toEqual([
      'access-key-needed',
      'allowed',
      'bucket-forbidden',
      'name-forbidden',
      'owner-forbidden',
      'scope-missing',
    ])
  })
})
