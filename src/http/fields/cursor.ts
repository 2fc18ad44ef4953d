import { cursorInvalid } from '../../errors/requests.ts'
import type { FileRecord } from '../../model/file.ts'

/** The order of a list of files. */
export interface Order {
  readonly sort: 'created_at' | 'file_name' | 'file_size'
  readonly descending: boolean
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The cursor of the position behind `file` in a list, as opaque text. */
export function formatCursor(
  { sort, descending }: Order,
  file: Pick<FileRecord, 'id' | 'name' | 'size' | 'createdAt'>,
): string {
  const value = { created_at: file.createdAt, file_name: file.name, file_size: file.size }[sort]
  return Buffer.from(JSON.stringify([sort, descending, value, file.id])).toString('base64url')
}

/** Parses a cursor. Throws `cursor-invalid` for other text and for a cursor of a list in another order. */
export function parseCursor(
  text: string,
  { sort, descending }: Order,
): { value: string | number; id: string } {
  const [cursorSort, cursorDescending, value, id] = parseArray(
    Buffer.from(text, 'base64url').toString('utf8'),
  )
  const sameOrder = cursorSort === sort && cursorDescending === descending
  if (!sameOrder || !isId(id) || !isValue(sort, value)) throw cursorInvalid()
  return { value, id }
}

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/** Whether PostgreSQL can read the value as one of the column `sort`. */
function isValue(sort: Order['sort'], value: unknown): value is string | number {
  if (sort === 'file_size') return Number.isSafeInteger(value)
  if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return false
  return sort === 'file_name' || isTime(value)
}

/** Whether the text is a time as `formatCursor` writes it. The year 0 exists in ISO 8601, but not in PostgreSQL. */
function isTime(text: string): boolean {
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString() === text && /^(?!0000)\d{4}-/.test(text)
}
