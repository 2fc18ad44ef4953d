import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { closed, holding, makeKey, postKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'
import { assertProperty } from '../../support/property.ts'

interface Rights {
  readonly scopes: readonly string[]
  readonly buckets: readonly string[]
  readonly prefix: string
  readonly expires_at: string | null
  readonly rate_per_minute: number | null
  readonly requests_per_month: number | null
}

/** No pattern has the letter c, so it stands for every other letter. */
const longer = (names: readonly string[]) => [
  '',
  ...names.flatMap((name) => ['a', 'b', 'c'].map((letter) => name + letter)),
]
const names = longer(longer(longer(longer(longer([''])))))
const bucketsOf = (pattern: string) => {
  const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
  return new Set(names.filter((name) => expression.test(name)))
}

const isAtMost = (one: number | null, other: number | null) =>
  other === null || (one !== null && one <= other)

/** Whether rights lie inside those of an admin, in the words of the rule: no file and no moment more. */
const lieInside = (given: Rights, own: Rights): boolean =>
  given.buckets.every((pattern) =>
    own.buckets.some((each) => bucketsOf(pattern).isSubsetOf(bucketsOf(each))),
  ) &&
  given.prefix.startsWith(own.prefix) &&
  isAtMost(given.rate_per_minute, own.rate_per_minute) &&
  isAtMost(given.requests_per_month, own.requests_per_month) &&
  (own.expires_at === null || (given.expires_at !== null && given.expires_at <= own.expires_at))

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 4 })
const hour = (count: number) =>
  new Date(Math.floor(Date.now() / 1000) * 1000 + count * 3_600_000).toISOString()
const [one, two] = [hour(1), hour(2)]
const limit = fc.constantFrom(null, 1000, 2000)
const rights = fc.record({
  scopes: fc.uniqueArray(fc.constantFrom('read', 'list', 'write', 'delete', 'admin'), { minLength: 1 }),
  buckets: fc.array(pattern, { minLength: 1, maxLength: 2 }),
  prefix: fc.constantFrom('', 'x', 'x/', 'x/y', 'z'),
  expires_at: fc.constantFrom(null, one, two),
  rate_per_minute: limit,
  requests_per_month: limit,
})
/** Who sees a key is not a matter of its end and its limits. */
const endless = { expires_at: null, rate_per_minute: null, requests_per_month: null }
const given = fc.record({
  own: rights,
  wanted: rights,
  named: fc.array(
    fc.constantFrom<string[]>('buckets', 'prefix', 'expires_at', 'rate_per_minute', 'requests_per_month'),
  ),
})

describeService('Nobody gives more than they have', closed, (service) => {
  it('when they make a key, and sees only keys that have no more', async () => {
    await assertProperty(
      given,
      async ({ own, wanted, named }) => {
        const maker = await makeKey(service, { ...own, scopes: ['admin'] })
        const fields = Object.fromEntries(
          Object.entries(wanted).filter(([name]) => name === 'scopes' || named.includes(name)),
        )
        const whole: Rights = { ...own, ...fields, scopes: wanted.scopes }
        const answer = await postKey(service, fields, maker.key)
        if (lieInside(whole, own))
          expect([answer.status, answer.body]).toEqual([201, expect.objectContaining(whole)])
        else expect(answer).toBeProblem(403, 'scope-exceeded')

        const other = await makeKey(service, wanted)
        const reach: Rights = { ...own, ...endless }
        const { status } = await holding(service, maker.key).api.get(`/keys/${other.id}`)
        expect(status).toBe(lieInside(wanted, reach) ? 200 : 404)
      },
      { numRuns: 100, seconds: 20 },
    )
  })

  it('when they change a key or give it another secret, and always may take', async () => {
    await assertProperty(
      fc.record({ own: rights, before: rights, after: rights }),
      async ({ own, before, after }) => {
        const actor = await makeKey(service, { ...own, scopes: ['admin'] })
        const { api } = holding(service, actor.key)
        const { id } = await makeKey(service, before)
        if (!lieInside(before, { ...own, ...endless })) return
        const smaller = after.scopes.every(
          (scope) => before.scopes.includes(scope) || before.scopes.includes('admin'),
        )
        const mayChange = lieInside(after, own) || (smaller && lieInside(after, before))
        const changed = await api.patch(`/keys/${id}`).send(after)
        expect([changed.status, changed.body.code]).toEqual(
          mayChange ? [200, undefined] : [403, 'scope-exceeded'],
        )
        const now = mayChange ? after : before
        const rotated = await api.post(`/keys/${id}/rotate`).send({ overlap_seconds: 0 })
        expect(rotated.status).toBe(lieInside(now, own) ? 200 : 403)
      },
      { numRuns: 100, seconds: 20 },
    )
  })
})
