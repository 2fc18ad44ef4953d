import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatCursor, parseCursor } from '../../src/http/fields/cursor.ts'
import type { FileRecord } from '../../src/model/file.ts'

const id = '0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11'
const time = '2026-11-20T12:00:00.000Z'
const file = { id, name: 'a.txt', size: 7, createdAt: time } as FileRecord
const orders = (['created_at', 'file_name', 'file_size'] as const).flatMap((sort) => [
  { sort, descending: false },
  { sort, descending: true },
])
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a cursor', () => {
  it.each(orders)('of the order %j comes back as the place it was made for', (order) => {
    const value = { created_at: time, file_name: 'a.txt', file_size: 7 }[order.sort]
    expect(parseCursor(formatCursor(order, file), order)).toEqual({ value, id })
  })

  it.each(orders)('of the order %j is refused in every other order', (order) => {
    const cursor = formatCursor(order, file)
    for (const other of orders.filter((candidate) => candidate !== order)) {
      expect(() => parseCursor(cursor, other)).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
    }
  })

  it('holds any name that a file can have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const name = text.toWellFormed().replaceAll('\0', '_')
        const order = { sort: 'file_name', descending: false } as const
        expect(parseCursor(formatCursor(order, { ...file, name }), order)).toEqual({ value: name, id })
      }),
    )
  })

  it.each<[string, 'created_at' | 'file_name' | 'file_size', string]>([
    ['nothing', 'created_at', ''],
    ['text', 'created_at', 'hello'],
    ['no array', 'created_at', encode({ sort: 'created_at' })],
    ['too few values', 'created_at', encode(['created_at', false, time])],
    ['no id', 'created_at', encode(['created_at', false, time, null])],
    ['an id of dashes', 'created_at', encode(['created_at', false, time, '-'.repeat(36)])],
    ['an id of another form', 'created_at', encode(['created_at', false, time, id.replaceAll('-', '0')])],
    ['a number as time', 'created_at', encode(['created_at', false, 0, id])],
    [
      'a month that does not exist',
      'created_at',
      encode(['created_at', false, '2026-99-20T12:00:00.000Z', id]),
    ],
    [
      'a day that does not exist',
      'created_at',
      encode(['created_at', false, '2026-02-30T12:00:00.000Z', id]),
    ],
    [
      'a year that does not exist',
      'created_at',
      encode(['created_at', false, '0000-01-01T00:00:00.000Z', id]),
    ],
    ['a time that PostgreSQL alone knows', 'created_at', encode(['created_at', false, 'infinity', id])],
    ['U+0000 in a name', 'file_name', encode(['file_name', false, 'a\0b', id])],
    ['half a surrogate pair', 'file_name', encode(['file_name', false, '\ud800', id])],
    ['an array as name', 'file_name', encode(['file_name', false, ['a'], id])],
    ['a fraction as size', 'file_size', encode(['file_size', false, 1.5, id])],
    ['a size beyond counting', 'file_size', encode(['file_size', false, 2 ** 60, id])],
    ['text as size', 'file_size', encode(['file_size', false, '7', id])],
    ['a column that is no order', 'created_at', encode(['id; drop table files', false, time, id])],
    ['a prototype', 'created_at', encode({ __proto__: ['created_at', false, time, id] })],
  ])('that holds %s is refused', (_case, sort, cursor) => {
    expect(() => parseCursor(cursor, { sort, descending: false })).toThrow(
      expect.objectContaining({ code: 'cursor-invalid' }),
    )
  })

  it('of any text or JSON is refused and breaks nothing', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    )
    fc.assert(
      fc.property(anything, (cursor) => {
        expect(() => parseCursor(cursor, { sort: 'file_name', descending: false })).toThrow(
          expect.objectContaining({ code: 'cursor-invalid' }),
        )
      }),
    )
  })
})
