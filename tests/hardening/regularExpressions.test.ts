import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { findRegularExpressions, findSlowText } from '../support/regularExpressions.ts'

const src = resolve(import.meta.dirname, '../../src')
const LENGTH = 8192
/** Limit for a thousand texts: hundreds of times the duration of a harmless expression. */
const PATIENCE_MILLISECONDS = 15_000

/** Expressions whose time grows with the square of the length, and the most that they are ever given. */
const shortTexts: Readonly<Record<string, number>> = {
  '/[.\\s]+$/': 255, // a name that was cut
  '/\\/+$/': 255, // a setting
}

describe('no text takes a regular expression long', () => {
  it.each(findRegularExpressions())('$pattern in $file', ({ pattern }) => {
    expect(findSlowText(pattern, shortTexts[pattern] ?? LENGTH, PATIENCE_MILLISECONDS)).toBeUndefined()
  })

  it.each([
    '/(a+)+$/',
    '/x*\\s*\\s*$/',
    '/^\\s*(<!--[\\s\\S]*?-->\\s*)*<html>/i',
    '/"((?:\\\\["\\\\]|[^"])*)"/',
  ])('finds a text for %s, which has that fault', (pattern) => {
    expect(findSlowText(pattern, LENGTH, 500)).toEqual(expect.any(String))
  })

  it('sees all that strangers can reach: none of those is put together at run time', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(ts|js)$/.test(name),
    )
    const dynamic = files.filter((name) => /\bRegExp\(/.test(readFileSync(join(src, name), 'utf8')))
    expect(dynamic).toEqual(['database/embeddedPostgres/processes.ts']) // reads what the kernel wrote
  })
})
