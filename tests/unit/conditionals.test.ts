import { describe, expect, it } from '@jest/globals'
import { isNotModified, matchesEtag, rangeApplies } from '../../src/http/fields/conditionals.ts'

const current = '"abc"'
const stored = 'Sun, 06 Nov 1994 08:49:37 GMT'
const before = 'Sun, 06 Nov 1994 08:49:36 GMT'
const after = 'Sun, 06 Nov 1994 08:49:38 GMT'
// HTTP dates know no milliseconds: a file stored within the second is not newer than the second.
const validators = { etag: current, lastModified: new Date('1994-11-06T08:49:37.999Z') }

type Headers = Parameters<typeof isNotModified>[0]

function outcome(headers: Headers) {
  try {
    return isNotModified(headers, validators) ? 304 : 200
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe('isNotModified', () => {
  it.each<[string, Headers, 200 | 304 | 'precondition-failed']>([
    ['no condition', {}, 200],
    ['If-Match of this tag', { 'if-match': current }, 200],
    ['If-Match of any', { 'if-match': ' * ' }, 200],
    ['If-Match of this tag among others', { 'if-match': '"x", "abc" ,"y"' }, 200],
    ['If-Match of another tag', { 'if-match': '"x"' }, 'precondition-failed'],
    ['If-Match of the weak tag', { 'if-match': 'W/"abc"' }, 'precondition-failed'],
    ['If-Match of the tag without quotes', { 'if-match': 'abc' }, 'precondition-failed'],
    ['If-Match of nothing', { 'if-match': '' }, 'precondition-failed'],
    ['If-Match of a tag that holds this one', { 'if-match': '"abcd"' }, 'precondition-failed'],
    ['If-Unmodified-Since then', { 'if-unmodified-since': stored }, 200],
    ['If-Unmodified-Since later', { 'if-unmodified-since': after }, 200],
    ['If-Unmodified-Since earlier', { 'if-unmodified-since': before }, 'precondition-failed'],
    ['If-Unmodified-Since of no date', { 'if-unmodified-since': '0' }, 200],
    ['If-Match above If-Unmodified-Since', { 'if-match': current, 'if-unmodified-since': before }, 200],
    ['If-None-Match of this tag', { 'if-none-match': current }, 304],
    ['If-None-Match of the weak tag', { 'if-none-match': 'W/"abc"' }, 304],
    ['If-None-Match of any', { 'if-none-match': '*' }, 304],
    ['If-None-Match of this tag among others', { 'if-none-match': '"x",W/"y", "abc"' }, 304],
    ['If-None-Match of another tag', { 'if-none-match': '"x"' }, 200],
    ['If-None-Match of a tag with commas', { 'if-none-match': '"x,abc,y"' }, 200],
    ['If-Modified-Since then', { 'if-modified-since': stored }, 304],
    ['If-Modified-Since later', { 'if-modified-since': after }, 304],
    ['If-Modified-Since earlier', { 'if-modified-since': before }, 200],
    ['If-None-Match above If-Modified-Since', { 'if-none-match': '"x"', 'if-modified-since': after }, 200],
    ['If-Match before If-None-Match', { 'if-match': '"x"', 'if-none-match': current }, 'precondition-failed'],
    ['both that hold', { 'if-match': current, 'if-none-match': current }, 304],
  ])('judges %s', (_case, headers, expected) => {
    expect(outcome(headers)).toBe(expected)
  })

  it.each([
    ['the preferred form', 'Sun, 06 Nov 1994 08:49:37 GMT', 304],
    ['the form of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', 304],
    ['the form of asctime', 'Sun Nov  6 08:49:37 1994', 304],
    ['an ISO time', '1994-11-06T08:49:37Z', 200],
    ['a number', '784111777', 200],
    ['a word', 'yesterday', 200],
    ['nothing', '', 200],
    ['a month that does not exist', 'Sun, 06 Foo 1994 08:49:37 GMT', 200],
    ['an hour that does not exist', 'Sun, 06 Nov 1994 25:49:37 GMT', 200],
    ['a day that does not exist', 'Sun, 31 Nov 1994 08:49:37 GMT', 200],
    ['another zone', 'Sun, 06 Nov 1994 08:49:37 +0100', 200],
    ['several dates', `${stored}, ${stored}`, 200],
  ])('reads %s as the RFC says (RFC 9110, 5.6.7)', (_form, date, expected) => {
    expect(outcome({ 'if-modified-since': date })).toBe(expected)
  })
})

describe('rangeApplies', () => {
  it.each([
    ['absent', undefined, true],
    ['this tag', current, true],
    ['another tag', '"x"', false],
    ['the weak tag', 'W/"abc"', false],
    ['exactly the date', stored, true],
    ['a later date', after, false],
    ['an earlier date', before, false],
    ['any', '*', false],
    ['neither tag nor date', 'abc', false],
    ['empty', '', false],
  ])('an If-Range that is %s', (_case, ifRange, expected) => {
    expect(rangeApplies(ifRange, validators)).toBe(expected)
  })
})

describe('matches', () => {
  it('compares weak tags only when a weak comparison is asked for', () => {
    expect(matchesEtag('W/"abc"', current, 'weak')).toBe(true)
    expect(matchesEtag('W/"abc"', current, 'strong')).toBe(false)
  })
})
