import { sql } from 'kysely'
import type { FileRecord } from '../../model/file.ts'
import type { Database } from '../schema.ts'
import { conditions, type FileFilter } from './fileFilter.ts'
import { type FilePage, type PageColumns, type PageEnd, type SelectedPage, selectPage } from './filePages.ts'
import { columnsWithMetadata, fileColumns } from './files.ts'

/** A page ends with the file that brings the metadata of the page to this size. 1,000 files with small metadata stay below. */
const PAGE_METADATA_BYTES = 4 * 2 ** 20
const SMALL_METADATA_BYTES = 4096

const metadataText = 'f.metadata::text'
const metadataBytes = `octet_length(${metadataText})`
const allColumns: PageColumns = { name: 'whole', columns: sql.raw(fileColumns) }
const smallColumns: PageColumns = {
  name: 'small',
  columns: sql.raw(
    `${columnsWithMetadata(`case when ${metadataBytes} <= ${SMALL_METADATA_BYTES} then ${metadataText} end`)}, ${metadataBytes} as "metadataBytes"`,
  ),
}

/**
 * One page of files in a total order; `end` is undefined on the last page. Every page costs the same (keyset pagination). With
 * large metadata a page has fewer files than `limit`, but at least one. A page of files with a short name may have fewer or
 * none, and not be the last.
 */
export async function listFileRecords(
  db: Database,
  page: FilePage,
): Promise<{ files: FileRecord[]; end: PageEnd | undefined }> {
  const small = await selectPage<FileRecord & { metadataBytes: number }>(db, page, smallColumns)
  if (small.rows.every((row) => row.metadataBytes <= SMALL_METADATA_BYTES)) return toPage(small, page)
  let bytes = 0
  const lastIndex = small.rows.findIndex((row) => {
    bytes += row.metadataBytes
    return bytes >= PAGE_METADATA_BYTES
  })
  const shorter = lastIndex < 0 ? page : { ...page, limit: Math.min(page.limit, lastIndex + 1) }
  return toPage(await selectPage<FileRecord>(db, shorter, allColumns), shorter)
}

function toPage({ rows, end }: SelectedPage<FileRecord>, { limit }: FilePage) {
  const files = rows.slice(0, limit)
  return { files, end: rows.length > limit ? files.at(-1) : end }
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
