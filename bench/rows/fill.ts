import { type DatabaseAddress, query } from '../database.ts'

const batch = 50_000

/** A part of every tenth name, and a number that one file alone has: both are in a small and in a large table. */
export const commonPart = 'summer'
export const rarePart = '000500-'

const words = [
  'spring',
  commonPart,
  'autumn',
  'winter',
  'draft',
  'final',
  'budget',
  'minutes',
  'invoice',
  'signed',
]

/**
 * Makes files by SQL, as if uploaded a second after each other: `report-000123-winter.pdf` and so on.
 * Without bytes in the storage, so good for lists only.
 */
export async function fillFiles(address: DatabaseAddress, count: number): Promise<void> {
  for (let from = 0; from < count; from += batch) {
    await query(address, insertFiles(from, Math.min(from + batch, count) - 1, count))
  }
  // What autovacuum would do sooner or later, then rather not while the list is measured.
  await query(address, 'vacuum (analyze) blobs', 'vacuum (analyze) files', 'checkpoint')
}

// The words come in no order: a pattern in step with the sorted names is one that no statistics can see.
const insertFiles = (from: number, to: number, count: number) => `
  with made as (
    insert into blobs (bucket, sha256, sha1, md5, size, storage_key, block_crc32)
    select 'default', sha256(int4send(n)), substring(sha256(int4send(-n - 1)) for 20), decode(md5(n::text), 'hex'),
      1000 + n, gen_random_uuid()::text, '\\x00000000'
    from generate_series(${from}, ${to}) n
    returning id, size
  )
  insert into files (id, bucket, name, media_type, size, blob_id, created_at)
  select gen_random_uuid(), 'default',
    format('report-%s-%s.pdf', lpad(n::text, 6, '0'), (array['${words.join("','")}'])[(hashint4(n)::bigint + 2147483648) % ${words.length} + 1]),
    'application/pdf', size, id, now() - (${count} - n) * interval '1 second'
  from made, lateral (select (size - 1000)::integer as n) number`
