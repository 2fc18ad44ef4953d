import { CompiledQuery } from 'kysely'
import type { Reach } from '../../model/actor.ts'
import type { FileContent, FileRecord, FileReference } from '../../model/file.ts'
import type { Database } from '../schema.ts'
import { fileColumns, findNewestNamed, fromLive } from './files.ts'
import { isLiveInIndex } from './live.ts'
import { withinReach } from './reach.ts'

const contentColumns = `${fileColumns}, b.id as "blobId", b.storage_key as "storageKey", b.block_crc32 as "blockCrc32"`

/** The newest live file within the reach that the reference names, with its storage key and checksums; undefined for none. */
export const findFileContent = (
  db: Database,
  reference: FileReference,
  reach: Reach,
): Promise<FileContent | undefined> =>
  selectContent(db, findNewestNamed({ name: 'find_content', columns: contentColumns }, reference, reach))

/**
 * The live file within the reach for a name in a bucket, with its storage key and checksums: the file that has the name to
 * itself, else with `orNewest` the newest file of this name. Undefined when there is none.
 */
export async function findNamedContent(
  db: Database,
  { bucket, name }: Pick<FileRecord, 'bucket' | 'name'>,
  reach: Reach,
  { orNewest }: { readonly orNewest: boolean },
): Promise<FileContent | undefined> {
  const { condition, parameters, suffix } = withinReach(reach, 3)
  const from = `select ${contentColumns} from files f join blobs b on b.id = f.blob_id
    where f.bucket = $1 and f.name collate "C" = $2 and ${isLiveInIndex}${condition}`
  // Two statements: at most one file has the name to itself, and its own index finds it; the other files may be very many.
  const named = `/* find_named_content${suffix} */ ${from.replace('collate "C" ', '')} and f.named limit 1`
  const newest = `/* find_newest_of_name${suffix} */ ${from} order by f.created_at desc, f.id desc limit 1`
  const find = (statement: string) =>
    selectContent(db, CompiledQuery.raw(statement, [bucket, name, ...parameters]))
  return (await find(named)) ?? (orNewest ? await find(newest) : undefined)
}

/** The storage key of a live file's bytes; undefined when there is no live file with this id. */
export async function findStorageKeyOfFile(db: Database, id: string): Promise<string | undefined> {
  const statement = `select b.storage_key as "storageKey" ${fromLive('id')}`
  const { rows } = await db.executeQuery<{ storageKey: string }>(CompiledQuery.raw(statement, [id]))
  return rows[0]?.storageKey
}

async function selectContent(db: Database, query: CompiledQuery): Promise<FileContent | undefined> {
  const { rows } = await db.executeQuery<FileRecord & Omit<FileContent, 'file'>>(query)
  const [row] = rows
  if (!row) return undefined
  const { blobId, storageKey, blockCrc32, ...file } = row
  return { file, blobId, storageKey, blockCrc32 }
}
