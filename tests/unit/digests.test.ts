import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  matchesDigest,
  parseDigests,
  toDigestField,
  verifyDigests,
} from '../../src/http/fields/digestFields.ts'
import { anyText } from '../support/property.ts'

const digestOf = (algorithm: string, bytes: string | Uint8Array = 'hello') =>
  createHash(algorithm).update(bytes).digest()
const field = (name: string, value: Buffer) => `${name}=:${value.toString('base64')}:`
const sha256 = field('sha-256', digestOf('sha256'))

describe('parseDigests', () => {
  it.each([
    ['sha-256', 'sha256'],
    ['sha-512', 'sha512'],
    ['sha', 'sha1'],
    ['md5', 'md5'],
  ])('reads %s', (name, algorithm) => {
    const value = digestOf(algorithm)
    expect(parseDigests('Repr-Digest', field(name, value))).toEqual([
      { header: 'Repr-Digest', algorithm: name, value },
    ])
  })

  it.each([
    ['an absent header', undefined, []],
    ['an algorithm nobody knows', 'crc32c=:AAAAAA==:', []],
    ['a name that objects have', 'constructor=:AAAA:', []],
    ['several', `${sha256}, ${field('md5', digestOf('md5'))}`, ['sha-256', 'md5']],
    ['parameters', `${sha256};q=1;by="a"`, ['sha-256']],
    ['unknown members beside a known one', `x, y=1;z, ${sha256}, unixsum="30637"`, ['sha-256']],
    ['one known among unknown ones', `unixsum=:AAA=:,\t${sha256} ,x=:QQ==:`, ['sha-256']],
  ])('takes %s', (_case, text, algorithms) => {
    expect(parseDigests('Content-Digest', text).map(({ algorithm }) => algorithm)).toEqual(algorithms)
  })

  it.each([
    ['nothing', ''],
    ['an empty member', `${sha256},`],
    ['hex digits', `sha-256=${digestOf('sha256').toString('hex')}`],
    ['the old form of RFC 3230', `SHA-256=${digestOf('sha256').toString('base64')}`],
    ['no colons', sha256.replaceAll(':', '')],
    ['one colon', sha256.slice(0, -1)],
    ['another length', 'sha-256=:AAAA:'],
    ['a digest of nothing', 'sha-256=::'],
    ['the digest of another algorithm', field('sha-256', digestOf('sha512'))],
    ['base64url', 'md5=:--------------------__:'],
    ['blanks inside', sha256.replace('=:', '= :')],
    ['a quoted text', `sha-256="${digestOf('sha256').toString('base64')}"`],
    ['a line break', `${sha256}\r\nX: y`.replace('\r\n', '\n')],
    ['a known name without its digest beside another', `${sha256}, md5=1`],
    ['only unknown members without a digest', 'x, unixsum="30637"'],
    ['text', 'hello'],
  ])('refuses %s', (_case, text) => {
    expect(() => parseDigests('Content-Digest', text)).toThrow(
      expect.objectContaining({ code: 'digest-invalid' }),
    )
  })

  it('takes any text without throwing anything but a refusal', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        try {
          parseDigests('Content-Digest', text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'digest-invalid' })
        }
      }),
    )
  })
})

describe('verifyDigests', () => {
  it('is satisfied by the digest of exactly the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (sent, received) => {
        const expected = parseDigests('Repr-Digest', toDigestField(digestOf('sha256', sent).toString('hex')))
        const verify = () => verifyDigests(expected, [{ sha256: digestOf('sha256', received) }])
        if (Buffer.from(sent).equals(received)) expect(verify).not.toThrow()
        else expect(verify).toThrow(expect.objectContaining({ code: 'digest-mismatch' }))
      }),
    )
  })

  it('needs every expected digest, each of any one body', () => {
    const expected = parseDigests('Content-Digest', `${sha256},${field('md5', digestOf('md5'))}`)
    const bodies = [{ sha256: digestOf('sha256') }, { md5: digestOf('md5') }]
    expect(() => verifyDigests(expected, bodies)).not.toThrow()
    expect(() => verifyDigests(expected, bodies.slice(0, 1))).toThrow(/md5/)
    expect(() => verifyDigests(expected, bodies.slice(1))).toThrow(/sha-256/)
  })

  it('does not take a digest that nobody computed for one that is right', () => {
    const [expected] = parseDigests('Content-Digest', field('sha-512', digestOf('sha512')))
    expect(expected && matchesDigest(expected, { sha256: digestOf('sha256') })).toBe(false)
  })
})
