import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { toRfc3339 } from '../../src/database/connection/rfc3339.ts'

describe('a time that PostgreSQL writes', () => {
  it.each([
    ['without a fraction', '2026-11-20 12:00:00+00', '2026-11-20T12:00:00.000Z'],
    ['with one digit', '2026-11-20 12:00:00.5+00', '2026-11-20T12:00:00.500Z'],
    ['with two digits', '2026-11-20 12:00:00.05+00', '2026-11-20T12:00:00.050Z'],
    ['with three digits', '2026-11-20 12:00:00.005+00', '2026-11-20T12:00:00.005Z'],
    ['with microseconds', '2026-11-20 12:00:00.123456+00', '2026-11-20T12:00:00.123Z'],
    ['in another time zone', '2026-11-20 12:00:00.5+05:30', '2026-11-20T06:30:00.500Z'],
    ['west of Greenwich', '2026-11-20 20:00:00-08', '2026-11-21T04:00:00.000Z'],
    ['in the last year that RFC 3339 knows', '9999-12-31 23:59:59.999+00', '9999-12-31T23:59:59.999Z'],
    ['before the year 1000', '0099-01-01 00:00:00+00', '0099-01-01T00:00:00.000Z'],
  ])('%s becomes RFC 3339', (_case, text, time) => {
    expect(toRfc3339(text)).toBe(time)
  })

  it('becomes the text of the same Date', () => {
    const latest = new Date('9999-12-31T23:59:59.999Z')
    const dates = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: latest, noInvalidDate: true })
    fc.assert(
      fc.property(dates, (date) => {
        const time = date.toISOString()
        const fraction = time.slice(19, 23).replace(/\.?0+$/, '')
        expect(toRfc3339(`${time.slice(0, 10)} ${time.slice(11, 19)}${fraction}+00`)).toBe(time)
      }),
    )
  })
})
