import { type DatabaseAddress, query } from '../database.ts'

/**
 * Does work that fills the tables `blobs` and `files` while they have no index but the primary key of `blobs`, then builds the
 * others: ten million rows in random order would read and write most of an index for each batch.
 */
export async function withoutIndexes(address: DatabaseAddress, work: () => Promise<void>): Promise<void> {
  const constraints = await query(address, listConstraints)
  const indexes = await query(address, listIndexes)
  await query(
    address,
    ...constraints.map(({ owner, name }) => `alter table ${owner} drop constraint ${name}`),
    ...indexes.map(({ name }) => `drop index ${name}`),
  )
  await work()
  await query(
    address,
    `set maintenance_work_mem = '1GB'`,
    ...indexes.map(({ definition }) => String(definition)),
    ...constraints.map(({ owner, definition }) => `alter table ${owner} add ${definition}`),
    'vacuum (analyze) blobs',
    'vacuum (analyze) files',
    'checkpoint',
  )
}

const listConstraints = `
  select conrelid::regclass as owner, quote_ident(conname) as name,
    format('constraint %I %s', conname, pg_get_constraintdef(oid)) as definition
  from pg_constraint
  where conrelid in ('blobs'::regclass, 'files'::regclass) and contype in ('p', 'u', 'f') and conname <> 'blobs_pkey'`

/** The indexes that belong to no constraint. */
const listIndexes = `
  select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as definition
  from pg_index
  where indrelid in ('blobs'::regclass, 'files'::regclass)
    and not exists (select from pg_constraint where conindid = indexrelid)`
