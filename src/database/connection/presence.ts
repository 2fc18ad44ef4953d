import { sql } from 'kysely'
import pg from 'pg'
import { type StorageKind, storageKinds } from '../../storage/storage.ts'
import type { Database } from '../schema.ts'

/** A storage, as a running service announces it to the other processes. */
export interface ServiceStorage {
  readonly id: string
  readonly kind: StorageKind
}

/** The storages that a running service uses. */
export interface ServiceRole {
  readonly writesTo: ServiceStorage
  readonly readsFrom: readonly ServiceStorage[]
}

/** The role of another service, read from its locks. */
export interface PresentRole {
  readonly writesTo: StorageLock
  readonly readsFrom: readonly StorageLock[]
}

/** A storage as the number of a lock: the first 28 bits of its id, then 4 bits for the index of its kind. */
export type StorageLock = number

/** The lock number of a storage, as a signed 32-bit integer of PostgreSQL. */
export const toStorageLock = ({ id, kind }: ServiceStorage): StorageLock =>
  Number.parseInt(id.slice(0, 7) + storageKinds.indexOf(kind).toString(16), 16) | 0

/** The kind of a storage; undefined for a kind that only a newer version knows. */
export const kindOf = (lock: StorageLock): StorageKind | undefined => storageKinds[lock & 15]

/** Advisory locks that show other processes that a service runs. The locks end with their connection. */
export interface Presence {
  /** Takes the locks; later, checks the connection and takes them again if it broke. Throws what the database throws. */
  renew(): Promise<void>
  /** Gives the locks back. A `renew` that still runs takes none. */
  end(): Promise<void>
}

const ANSWER_MILLISECONDS = 5000

/** "upfr" and "upfw" in ASCII: the first half of the lock for a storage that is read from, and that is written to. */
const READS = 0x75706672
const WRITES = 0x75706677

/** Takes the lock for writing last: a process that sees this lock sees all locks of the role. */
const TAKE_LOCKS = `
  select pg_advisory_lock_shared(class, number) from (
    select $1::int as class, unnest($2::int[]) as number union all select $3::int, $4::int
  ) locks`

/** Prepares the locks of a role. They are held on a connection outside the pool, which closes idle connections. */
export function createPresence(pool: pg.Pool, role: ServiceRole): Presence {
  let client: pg.Client | undefined
  let ended = false

  async function connect() {
    const { password } = pool.options // not enumerable, so the spread below leaves it out
    const fresh = new pg.Client({
      ...pool.options,
      ...(password !== undefined && { password }),
      query_timeout: ANSWER_MILLISECONDS,
    })
    fresh.on('error', () => {}) // `renew` notices that the connection is gone
    try {
      await fresh.connect()
      await fresh.query(TAKE_LOCKS, [
        READS,
        role.readsFrom.map(toStorageLock),
        WRITES,
        toStorageLock(role.writesTo),
      ])
    } catch (error) {
      await hangUp(fresh)
      throw error
    }
    return fresh
  }

  return {
    async renew() {
      try {
        await client?.query('select 1')
      } catch {
        if (client) await hangUp(client)
        client = undefined
      }
      if (ended) return
      client ??= await connect()
      if (ended) await hangUp(client)
    },
    async end() {
      ended = true
      if (client) await hangUp(client)
    },
  }
}

/** Waits at most 1 s for the end of the connection, which a dead network would delay for ever. */
async function hangUp(client: pg.Client): Promise<void> {
  await Promise.race([
    client.end().catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, 1000).unref()),
  ])
}

/** The roles of all services that run on this database. */
export async function listPresent(db: Database): Promise<PresentRole[]> {
  const { rows } = await sql<PresentRole>`
    select (array_agg(number) filter (where class = ${WRITES}))[1] as "writesTo",
      array_agg(number) filter (where class = ${READS}) as "readsFrom"
    from (
      select pid, classid::bigint as class, objid::int as number from pg_locks
      where locktype = 'advisory' and classid::bigint in (${READS}, ${WRITES}) and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database())
    ) locks
    group by pid having count(distinct class) = 2
  `.execute(db)
  return rows
}
