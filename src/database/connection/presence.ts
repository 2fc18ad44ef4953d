import { sql } from 'kysely'
import pg from 'pg'
import type { StorageKind } from '../../storage/storage.ts'
import type { Database } from '../schema.ts'
import { LOCKS } from './locks.ts'

/** What a running service does with which storage. */
export interface ServiceRole {
  readonly writesTo: StorageKind
  readonly readsFrom: readonly StorageKind[]
}

/** Lets others know that a service runs, with a lock that ends with it. */
export interface Presence {
  /** Takes the lock, or makes sure that it is still held. Throws what the database throws. */
  renew(): Promise<void>
  end(): Promise<void>
}

const ANSWER_MILLISECONDS = 5000

/** A presence with a connection of its own: those of a pool come and go. */
export function createPresence(pool: pg.Pool, role: ServiceRole): Presence {
  let client: pg.Client | undefined

  async function connect() {
    const { password } = pool.options // not among those that are copied
    const fresh = new pg.Client({
      ...pool.options,
      ...(password !== undefined && { password }),
      query_timeout: ANSWER_MILLISECONDS,
    })
    fresh.on('error', () => {}) // `renew` finds out
    try {
      await fresh.connect()
      await fresh.query('select pg_advisory_lock_shared($1::int, $2::int)', [LOCKS, toNumber(role)])
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
      client ??= await connect()
    },
    async end() {
      if (client) await hangUp(client)
    },
  }
}

/** An end that says goodbye could wait for ever on a dead line. */
async function hangUp(client: pg.Client): Promise<void> {
  await Promise.race([
    client.end().catch(() => {}),
    new Promise((resolve) => setTimeout(resolve, 1000).unref()),
  ])
}

/** The roles of all services that run on this database, each once. */
export async function listPresent(db: Database): Promise<ServiceRole[]> {
  const { rows } = await sql<{ role: number }>`
    select distinct objid::int as role from pg_locks
    where locktype = 'advisory' and classid::bigint = ${LOCKS} and objsubid = 2 and granted
      and database = (select oid from pg_database where datname = current_database())
  `.execute(db)
  return rows.flatMap(({ role }) => (role < toRole.length ? (toRole[role] ?? []) : []))
}

/** The numbers of the locks are places in this list. */
const toRole: readonly ServiceRole[] = [
  { writesTo: 'volume', readsFrom: ['volume'] },
  { writesTo: 'volume', readsFrom: ['volume', 's3'] },
  { writesTo: 's3', readsFrom: ['s3'] },
  { writesTo: 's3', readsFrom: ['volume', 's3'] },
]

const toNumber = ({ writesTo, readsFrom }: ServiceRole) =>
  toRole.findIndex((role) => role.writesTo === writesTo && role.readsFrom.length === readsFrom.length)
