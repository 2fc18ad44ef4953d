import { type RawBuilder, sql } from 'kysely'
import type { FileRecord } from '../../model/file.ts'
import type { Database } from '../schema.ts'
import { columnsWithMetadata, fileColumns } from './files.ts'
import { isLiveInIndex } from './live.ts'

/** The field by which files are sorted, in the API's name. */
export type SortField = 'created_at' | 'file_name' | 'file_size'

/** Conditions that all files of a list fulfil; undefined sets no condition. */
export interface FileFilter {
  readonly bucket: string
  /** True selects the deleted files, false the live ones. */
  readonly deleted: boolean
  /** A part of the name, in upper or lower case. */
  readonly name?: string | undefined
  /** A media type, or a family as `image/*`. */
  readonly type?: string | undefined
  /** Bytes, included. */
  readonly minSize?: number | undefined
  /** Bytes, included. */
  readonly maxSize?: number | undefined
  /** Excluded. */
  readonly createdAfter?: Date | undefined
  /** Excluded. */
  readonly createdBefore?: Date | undefined
}

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

/** A page ends with the file that brings the metadata of the page to this size. 1,000 files with small metadata stay below. */
const PAGE_METADATA_BYTES = 4 * 2 ** 20
const SMALL_METADATA_BYTES = 4096

const metadataBytes = 'octet_length(f.metadata::text)'
const allColumns = sql.raw(fileColumns)
const smallColumns = sql.raw(
  `${columnsWithMetadata(`case when ${metadataBytes} <= ${SMALL_METADATA_BYTES} then f.metadata end`)}, ${metadataBytes} as "metadataBytes"`,
)

/**
 * One page of files in a total order; `more` tells whether a next page exists. Every page costs the same (keyset pagination).
 * With large metadata a page has fewer files than `limit`, but at least one.
 */
export async function listFileRecords(
  db: Database,
  page: FilePage,
): Promise<{ files: FileRecord[]; more: boolean }> {
  const rows = await selectPage<FileRecord & { metadataBytes: number }>(db, page, smallColumns)
  if (rows.every((row) => row.metadataBytes <= SMALL_METADATA_BYTES)) {
    const files = rows.map(({ metadataBytes: _, ...file }) => file)
    return toPage(files, page)
  }
  let bytes = 0
  const lastIndex = rows.findIndex((row) => {
    bytes += row.metadataBytes
    return bytes >= PAGE_METADATA_BYTES
  })
  const shorter = lastIndex < 0 ? page : { ...page, limit: Math.min(page.limit, lastIndex + 1) }
  return toPage(await selectPage<FileRecord>(db, shorter, allColumns), shorter)
}

const toPage = (files: readonly FileRecord[], { limit }: FilePage) => ({
  files: files.slice(0, limit),
  more: files.length > limit,
})

/** The rows of a page, and one more if there is a next page. */
async function selectPage<Row>(db: Database, page: FilePage, columns: RawBuilder<unknown>): Promise<Row[]> {
  const column = sortColumns[page.sort]
  const direction = sql.raw(page.descending ? 'desc' : 'asc')
  const operator = sql.raw(page.descending ? '<' : '>')
  const after = page.after
    ? sql`and (${column}, f.id) ${operator} (${page.after.value}::${valueTypes[page.sort]}, ${page.after.id}::uuid)`
    : sql``
  const matching = sql`${conditions(page.filter)} ${after}`
  const order = sql`order by ${column} ${direction}, f.id ${direction} limit ${page.limit + 1}`
  // The index of names answers the inner query alone, so the table is read only for the files of the page.
  const inIndex = page.sort === 'file_name' && page.filter.name !== undefined
  const chosen = inIndex ? sql`f.id in (select f.id from files f where ${matching} ${order})` : matching
  const { rows } = await sql<Row>`
    select ${columns} from files f join blobs b on b.id = f.blob_id where ${chosen} ${order}
  `.execute(db)
  return rows
}

/** The exact number of files that match the filter. Reads every one of them. */
export async function countFiles(db: Database, filter: FileFilter): Promise<number> {
  const { rows } = await sql<{
    count: number
  }>`select count(*) from files f where ${conditions(filter)}`.execute(db)
  return rows[0]?.count ?? 0
}

/** The number of files that match the filter, as the query planner of PostgreSQL estimates it. */
export async function estimateFiles(db: Database, filter: FileFilter): Promise<number> {
  const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>`
    explain (format json) select from files f where ${conditions(filter)}
  `.execute(db)
  return Math.round(rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0)
}

function conditions(filter: FileFilter) {
  const { bucket, deleted, name, type, minSize, maxSize, createdAfter, createdBefore } = filter
  const all = [
    sql`f.bucket = ${bucket}`,
    sql.raw(deleted ? 'f.deleted_at is not null' : isLiveInIndex),
    name !== undefined && sql`f.name ilike ${`%${escapeLike(name)}%`}`,
    type !== undefined && typeCondition(type.toLowerCase()),
    minSize !== undefined && sql`f.size >= ${minSize}`,
    maxSize !== undefined && sql`f.size <= ${maxSize}`,
    createdAfter !== undefined && sql`f.created_at > ${createdAfter}`,
    createdBefore !== undefined && sql`f.created_at < ${createdBefore}`,
  ]
  return sql.join(
    all.filter((part) => part !== false),
    sql` and `,
  )
}

// With this collation the index serves `like` in databases of every locale.
const typeCondition = (type: string) =>
  type.endsWith('/*')
    ? sql`f.media_type collate "C" like ${`${escapeLike(type.slice(0, -1))}%`}`
    : sql`f.media_type collate "C" = ${type}`

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')
