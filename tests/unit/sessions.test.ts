import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isSessionOf, parseSession, signSession } from '../../src/domain/access/sessions.ts'

const now = 1_800_000_000
const clock = { now: () => now, adjust: async () => {} }
const secrets: [string, ...string[]] = ['the newest secret of thirty-two letters', 'an older secret']
const deps = { clock, linkSecrets: secrets }
const key = { id: 'Zz09aBcD1234', secretHash: randomBytes(32) }

/** Whether a text opens a session of a key. */
function opens(text: string, { of = key, by = deps } = {}): boolean {
  const claim = parseSession(by, text)
  return claim !== undefined && isSessionOf(by, claim, of)
}

describe('a session', () => {
  const text = signSession(deps, key, now + 60)

  it('says which key was shown and until when that counts, and no more', () => {
    expect(parseSession(deps, text)).toMatchObject({ keyId: key.id, endsAt: now + 60 })
    expect(opens(text)).toBe(true)
    expect(text).not.toContain(key.secretHash.toString('hex'))
    expect(text).not.toContain(key.secretHash.toString('base64url'))
  })

  it.each([
    ['another key', { ...key, id: 'Zz09aBcD1235' }],
    ['the key after a rotation', { ...key, secretHash: randomBytes(32) }],
  ])('is not one of %s', (_whose, other) => {
    expect(opens(text, { of: other })).toBe(false)
  })

  it('ends to the second', () => {
    const at = (seconds: number) => ({ ...deps, clock: { ...clock, now: () => now + seconds } })
    expect(opens(text, { by: at(59.999) })).toBe(true)
    expect(opens(text, { by: at(60) })).toBe(false)
  })

  it('outlives a new secret in front of its own, and not the loss of its own', () => {
    const [newest, older = ''] = secrets
    expect(opens(signSession({ linkSecrets: [older] }, key, now + 60))).toBe(true)
    expect(opens(text, { by: { ...deps, linkSecrets: [older] } })).toBe(false)
    expect(opens(text, { by: { ...deps, linkSecrets: ['yet another', newest] } })).toBe(true)
  })

  it('has one spelling: no other text opens it', () => {
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.= %'
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.nat(digits.length - 1),
        fc.constantFrom('replace', 'insert', 'remove'),
        (place, digit, way) => {
          const inserted = way === 'remove' ? '' : digits[digit]
          const other = text.slice(0, place) + inserted + text.slice(way === 'insert' ? place : place + 1)
          expect([other, opens(other)]).toEqual([other, other === text])
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each(['', '.', `${text}.`, `${text}\n`, `${text},${text}`, `"${text}"`, `__proto__.${now}.x`])(
    'has one form: %j is none',
    (other) => expect(parseSession(deps, other)).toBeUndefined(),
  )
})
