import { type RawBuilder, sql } from 'kysely'
import type { FileRecord } from '../../model/file.ts'
import type { Database } from '../schema.ts'
import { conditions, containsName, type FileFilter, isSelective } from './fileFilter.ts'
import { hasTrigram } from './trigrams.ts'

/** The field by which files are sorted, in the API's name. */
export type SortField = 'created_at' | 'file_name' | 'file_size'

/** The choice and order of the files of one page. */
export interface FilePage {
  readonly filter: FileFilter
  readonly sort: SortField
  readonly descending: boolean
  readonly limit: number
  /** The last file of the page before: its value in the sort column, and its id. */
  readonly after?: { readonly value: string | number; readonly id: string } | undefined
}

// Names sort by code point, so that a cursor is valid in databases of every locale.
const sortColumns = {
  created_at: sql.raw('f.created_at'),
  file_name: sql.raw('f.name collate "C"'),
  file_size: sql.raw('f.size'),
} as const

const valueTypes = {
  created_at: sql.raw('timestamptz'),
  file_name: sql.raw('text'),
  file_size: sql.raw('bigint'),
} as const

/** The list goes on behind this file. */
export type PageEnd = Pick<FileRecord, 'id' | 'name' | 'size' | 'createdAt'>

/** The rows of a page, and one more if there is a next page; else `end`, if the list goes on behind the examined files. */
export interface SelectedPage<Row> {
  readonly rows: readonly Row[]
  readonly end: PageEnd | undefined
}

/** The columns to select, under a name of lower-case letters. */
export interface PageColumns {
  readonly name: string
  readonly columns: RawBuilder<unknown>
}

/** Selects the given columns, those of a `FileRecord` at least, for the files of a page. */
export async function selectPage<Row extends PageEnd>(
  db: Database,
  page: FilePage,
  selected: PageColumns,
): Promise<SelectedPage<Row>> {
  const { columns } = selected
  const { name, deleted } = page.filter
  if (!isSelective(page.filter)) return await selectAll(db, page, selected)
  // The index of names has only live files.
  if (name !== undefined && (deleted || !(await hasTrigram(db, name))))
    return await examine(db, page, { name, columns })
  const { after, order, most } = clausesOf(page)
  const matching = sql`${conditions(page.filter)} ${after}`
  // The index of names answers the inner query alone, so the table is read only for the files of the page.
  const inIndex = page.sort === 'file_name' && name !== undefined
  const chosen = inIndex
    ? sql`f.id in (select f.id from files f where ${matching} ${order} ${most})`
    : matching
  const { rows } = await sql<Row>`
    select ${columns} from files f join blobs b on b.id = f.blob_id where ${chosen} ${order} ${most}
  `.execute(db)
  return { rows, end: undefined }
}

/** No page has more files; one more tells whether there is a next page. */
const MOST_SELECTED = 1001

/**
 * Selects a page of all live or all deleted files of a bucket. One plan is right for every bucket and cursor, so the statement
 * has a name. That plan knows no parameter: only the inner limit tells the planner that the page is short (docs/decisions/0026).
 */
async function selectAll<Row extends PageEnd>(
  db: Database,
  page: FilePage,
  { name, columns }: PageColumns,
): Promise<SelectedPage<Row>> {
  const { after, order, most } = clausesOf(page)
  const { filter, sort, descending } = page
  const parts = ['list', name, sort, descending && 'desc', filter.deleted && 'deleted', page.after && 'after']
  const { rows } = await sql<Row>`/* ${sql.raw(parts.filter((part) => part).join('_'))} */
    select * from (
      select ${columns} from files f join blobs b on b.id = f.blob_id
      where ${conditions(filter)} ${after} ${order} limit ${sql.raw(String(MOST_SELECTED))}
    ) page ${most}
  `.execute(db)
  return { rows, end: undefined }
}

/** The largest number of files among which one page looks for a name that no index finds (docs/decisions/0020). */
const EXAMINED_FILES = 10_000

/** Looks for a name among the next `EXAMINED_FILES` files of the list, and selects the last of these files too. */
async function examine<Row extends PageEnd>(
  db: Database,
  page: FilePage,
  { name, columns }: { name: string; columns: RawBuilder<unknown> },
): Promise<SelectedPage<Row>> {
  const { column, direction, after, order, most } = clausesOf(page)
  const others = conditions({ ...page.filter, name: undefined })
  const { rows: found } = await sql<Row & { matches: boolean; last: boolean }>`
    select ${columns}, e.matches, e.last from (
      select id, matches, position = ${EXAMINED_FILES} as last from (
        select f.id, ${column} as value, ${containsName(name)} as matches, row_number() over (${order}) as position
        from files f where ${others} ${after} ${order} limit ${EXAMINED_FILES}
      ) examined
      where matches or position = ${EXAMINED_FILES} order by value ${direction}, id ${direction} ${most}
    ) e join files f on f.id = e.id join blobs b on b.id = f.blob_id ${order}
  `.execute(db)
  return { rows: found.filter(({ matches }) => matches), end: found.find(({ last }) => last) }
}

/** The clauses of SQL that put the files of a page in order. */
function clausesOf({ sort, descending, limit, after }: FilePage) {
  const column = sortColumns[sort]
  const direction = sql.raw(descending ? 'desc' : 'asc')
  const operator = sql.raw(descending ? '<' : '>')
  return {
    column,
    direction,
    after: after
      ? sql`and (${column}, f.id) ${operator} (${after.value}::${valueTypes[sort]}, ${after.id}::uuid)`
      : sql``,
    order: sql`order by ${column} ${direction}, f.id ${direction}`,
    most: sql`limit ${limit + 1}`,
  }
}
