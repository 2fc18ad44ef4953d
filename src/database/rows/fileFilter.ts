import { sql } from 'kysely'
import { isLiveInIndex } from './live.ts'

/** Conditions that all files of a list fulfil; undefined sets no condition. */
export interface FileFilter {
  readonly bucket: string
  /** True selects the deleted files, false the live ones. */
  readonly deleted: boolean
  /** A part of the name, in upper or lower case. */
  readonly name?: string | undefined
  /** A media type, or a family as `image/*`. */
  readonly type?: string | undefined
  readonly owner?: string | undefined
  /** Bytes, included. */
  readonly minSize?: number | undefined
  /** Bytes, included. */
  readonly maxSize?: number | undefined
  /** Excluded. */
  readonly createdAfter?: Date | undefined
  /** Excluded. */
  readonly createdBefore?: Date | undefined
  /** The beginning of the name, as it is written. */
  readonly prefix?: string | undefined
}

/** Whether the filter leaves files of the bucket out. How many it leaves out, and so the best plan, depends on its values. */
export const isSelective = ({ bucket: _, deleted: __, ...chosen }: FileFilter): boolean =>
  Object.values(chosen).some((value) => value !== undefined)

/** SQL for the files `f` that match the filter. */
export function conditions(filter: FileFilter) {
  const { bucket, deleted, name, type, owner, minSize, maxSize, createdAfter, createdBefore, prefix } = filter
  const all = [
    sql`f.bucket = ${bucket}`,
    sql.raw(deleted ? 'f.deleted_at is not null' : isLiveInIndex),
    name !== undefined && containsName(name),
    type !== undefined && typeCondition(type.toLowerCase()),
    owner !== undefined && sql`f.owner = ${owner}`,
    minSize !== undefined && sql`f.size >= ${minSize}`,
    maxSize !== undefined && sql`f.size <= ${maxSize}`,
    createdAfter !== undefined && sql`f.created_at > ${createdAfter}`,
    createdBefore !== undefined && sql`f.created_at < ${createdBefore}`,
    prefix !== undefined && sql`f.name collate "C" like ${`${escapeLike(prefix)}%`}`,
  ]
  return sql.join(
    all.filter((part) => part !== false),
    sql` and `,
  )
}

/** SQL for the files `f` whose name contains this text. */
export const containsName = (text: string) => sql<boolean>`f.name ilike ${`%${escapeLike(text)}%`}`

// With this collation the index serves `like` in databases of every locale.
const typeCondition = (type: string) =>
  type.endsWith('/*')
    ? sql`f.media_type collate "C" like ${`${escapeLike(type.slice(0, -1))}%`}`
    : sql`f.media_type collate "C" = ${type}`

/** Escapes the characters that mean something in a pattern of LIKE. */
export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&')
