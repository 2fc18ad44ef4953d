import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  looksLikeCredential,
  newCredential,
  newSecret,
  parseCredential,
} from '../../src/runtime/credentialText.ts'
import { anyText } from '../support/property.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** A number in base62 as a reader would compute it: the value of the digits, the most significant one first. */
const numberOf = (digits: string) =>
  [...digits].reduce((value, digit) => value * 62 + DIGITS.indexOf(digit), 0)

describe('the text of a key', () => {
  it('is what scanners look for, and ends with the CRC-32 of all before it', () => {
    for (let count = 0; count < 1000; count++) {
      const { text } = newCredential('key')
      expect(text).toMatch(/^upfk_[0-9A-Za-z]{50}$/)
      expect(numberOf(text.slice(-6))).toBe(crc32(text.slice(0, -6)))
    }
  })

  it('is read as the id and the hash that it was made with', () => {
    for (let count = 0; count < 1000; count++) {
      const { text, ...made } = newCredential('key')
      expect(made.hash).toEqual(sha256(text))
      expect(parseCredential(text)).toEqual(made)
    }
  })

  it('keeps its id with another secret', () => {
    const { id, text } = newCredential('key')
    const other = newSecret('key', id)
    expect(parseCredential(other.text)).toEqual({ kind: 'key', id, hash: other.hash })
    expect(other.text).not.toBe(text)
  })

  it('is refused when one character differs, two change places or one is added', () => {
    const { text } = newCredential('key')
    const place = fc.integer({ min: 0, max: text.length - 1 })
    fc.assert(
      fc.property(place, anyText({ maxLength: 2 }), (at, instead) => {
        const other = `${text.slice(0, at)}${instead}${text.slice(at + 1)}`
        if (other !== text) expect(parseCredential(other)).toBeUndefined()
      }),
    )
    for (let at = 0; at < text.length - 1; at++) {
      const swapped = `${text.slice(0, at)}${text[at + 1]}${text[at]}${text.slice(at + 2)}`
      if (swapped !== text) expect(parseCredential(swapped)).toBeUndefined()
    }
    for (const other of [` ${text}`, `${text} `, `${text}\n`, text.toLowerCase(), text.slice(1)])
      expect(parseCredential(other)).toBeUndefined()
  })

  it('is refused by its form or its CRC-32 for any text', () => {
    fc.assert(fc.property(anyText({ maxLength: 60 }), (text) => parseCredential(text) === undefined))
    fc.assert(
      fc.property(fc.stringMatching(/^upfk_[0-9A-Za-z]{50}$/), (text) => {
        expect(looksLikeCredential(text)).toBe(true)
        expect(parseCredential(text) !== undefined).toBe(
          numberOf(text.slice(-6)) === crc32(text.slice(0, -6)),
        )
      }),
    )
  })

  it('has every digit equally often in the id and in the secret', () => {
    const counts = new Map([...DIGITS].map((digit) => [digit, 0]))
    const texts = 5000
    for (let count = 0; count < texts; count++)
      for (const digit of newCredential('key').text.slice(5, -6))
        counts.set(digit, (counts.get(digit) ?? 0) + 1)
    const expected = (texts * 44) / DIGITS.length
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 61 degrees of freedom: more than 132 comes once in a million runs; a remainder of a byte, modulo 62, gives above 1,000.
    expect(chiSquare).toBeLessThan(132)
  })
})
