import { CompiledQuery, sql } from 'kysely'
import { type Subject, subjectText } from '../../model/allowance.ts'
import type { Database, DatabaseTransaction } from '../schema.ts'
import { giveBack, heldRoom } from './heldRoom.ts'
import { momentAfter } from './inSeconds.ts'

/** Room that an upload asks for, in all of its subjects. */
export interface RoomRequest {
  /** The id of the reservation. One that exists grows. */
  readonly id: string
  readonly subjects: readonly Subject[]
  /** 1 for the room of a file, 0 when the file has it already. */
  readonly files: 0 | 1
  /** Bytes. The request is refused when fewer are left. */
  readonly least: number
  /** Bytes. As many are taken as are left, and not more than these. */
  readonly most: number
  readonly expiresInSeconds: number
}

/** The bytes that were taken, or the first subject that has no room. */
export type RoomAnswer = { readonly bytes: number } | { readonly refusedBy: Subject }

/**
 * Takes room in the allowances of all subjects, or in none of them. Subjects without limits are left out; a reservation that
 * grows stays in the allowances that it has. `full`: the first allowance without room.
 */
const TAKE_ROOM = `
  with held as (
    select allowances from reservations where id = $1::uuid for update
  ), allowance as (
    select id, subject, max_bytes - used_bytes - reserved_bytes as bytes_left, max_files - used_files - reserved_files as files_left
    from allowances
    where subject = any($2::text[]) and (not exists (select from held) or id = any((select allowances from held)::bigint[]))
    order by id for update
  ), full_one as (
    select subject from allowance
    where ($4::bigint > 0 and bytes_left < $4::bigint) or ($3::int > 0 and files_left < $3::int) order by id limit 1
  ), taken as (
    select greatest($4::bigint, least($5::bigint, (select min(bytes_left) from allowance))) as bytes
    where not exists (select from full_one)
  ), changed as (
    update allowances a set reserved_bytes = reserved_bytes + taken.bytes, reserved_files = reserved_files + $3::int
    from allowance, taken where a.id = allowance.id returning a.id
  ), reservation as (
    insert into reservations as r (id, allowances, bytes, files, expires_at)
    select $1::uuid, ids, taken.bytes, $3::int, ${momentAfter('$6::float8')}
    from taken, (select array_agg(id order by id) as ids from changed) c where ids is not null
    on conflict (id) do update
      set bytes = r.bytes + excluded.bytes, files = r.files + excluded.files, expires_at = greatest(r.expires_at, excluded.expires_at)
  )`
const ANSWER = `select (select bytes from taken) as bytes, (select subject from full_one) as "refusedBy"`

/** The commit is not waited for: a reservation that a crash loses is taken again by the commit of the file. */
const TAKE_ROOM_ALONE = `/* take_room */ ${TAKE_ROOM} ${ANSWER}, set_config('synchronous_commit', 'off', true)`
const TAKE_ROOM_WITHIN = `/* take_room_within */ ${TAKE_ROOM} ${ANSWER}`

/** Takes room before the first byte. */
export async function takeRoom(
  db: Database | DatabaseTransaction,
  { id, subjects, files, least, most, expiresInSeconds }: RoomRequest,
): Promise<RoomAnswer> {
  const statement = db.isTransaction ? TAKE_ROOM_WITHIN : TAKE_ROOM_ALONE
  const parameters = [id, subjects.map(subjectText), files, least, most, expiresInSeconds]
  const { rows } = await db.executeQuery<{ bytes: number | null; refusedBy: string | null }>(
    CompiledQuery.raw(statement, parameters),
  )
  const refusedBy = subjects.find((subject) => subjectText(subject) === rows[0]?.refusedBy)
  return refusedBy ? { refusedBy } : { bytes: rows[0]?.bytes ?? most }
}

/** The first of the subjects that has no room for so many files and bytes. */
export async function findFull(
  db: Database,
  { subjects, files, least }: Pick<RoomRequest, 'subjects' | 'files' | 'least'>,
): Promise<Subject | undefined> {
  const { rows } = await sql<{ subject: string }>`
    select subject from allowances where subject = any(${subjects.map(subjectText)}::text[])
      and (${least}::bigint > 0 and max_bytes - used_bytes - reserved_bytes < ${least}::bigint
        or ${files}::int > 0 and max_files - used_files - reserved_files < ${files}::int)
    order by id limit 1
  `.execute(db)
  return subjects.find((subject) => subjectText(subject) === rows[0]?.subject)
}

const SETTLE_ROOM = `/* settle_room */
  with ended as (
    delete from reservations where id = any($1::uuid[]) returning allowances, bytes, files
  ), ${heldRoom}, concerned as (
    select id from allowances where subject = any($2::text[]) union select id from held
  ), allowance as (
    select a.id, a.subject, coalesce(h.bytes, 0) as bytes, coalesce(h.files, 0) as files,
      a.max_bytes - a.used_bytes - a.reserved_bytes as bytes_left, a.max_files - a.used_files - a.reserved_files as files_left
    from concerned c join allowances a on a.id = c.id left join held h on h.id = a.id
    order by a.id for update of a
  ), changed as (
    update allowances a set reserved_bytes = reserved_bytes - l.bytes, reserved_files = reserved_files - l.files
    from allowance l where a.id = l.id and (l.bytes, l.files) <> (0, 0) returning a.id
  )
  select subject from allowance
  where (bytes < $3::bigint and bytes_left + bytes < 0) or (files < 1 and files_left + files < 0) order by id limit 1`

/**
 * Ends the reservations of a file of `size` bytes that this transaction has inserted, and so has counted. What was not reserved,
 * or lost with a crash, is judged now: returns the first subject that has less room than the file takes; then the transaction
 * must not commit.
 */
export async function settleRoom(
  trx: DatabaseTransaction,
  {
    reservations,
    subjects,
    size,
  }: { reservations: readonly string[]; subjects: readonly Subject[]; size: number },
): Promise<Subject | undefined> {
  const parameters = [reservations, subjects.map(subjectText), size]
  const { rows } = await trx.executeQuery<{ subject: string }>(CompiledQuery.raw(SETTLE_ROOM, parameters))
  return subjects.find((subject) => subjectText(subject) === rows[0]?.subject)
}

const endReservationsWhere = (condition: string) => `
  with ended as (
    delete from reservations where ${condition} returning allowances, bytes, files
  ), ${giveBack}
  select count(*) as ended from ended`

const END_RESERVATIONS = `/* end_reservations */ ${endReservationsWhere('id = any($1::uuid[])')}`
const END_EXPIRED = endReservationsWhere(
  'id in (select id from reservations where expires_at <= now() order by id limit $1 for update skip locked)',
)

/** Ends the reservations of these ids, and gives their room back. An id without a reservation has no effect. */
export async function endReservations(
  db: Database | DatabaseTransaction,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await db.executeQuery(CompiledQuery.raw(END_RESERVATIONS, [ids]))
}

/** Ends these reservations, and takes room in their place. When the request is refused, the transaction must not commit. */
export async function exchangeRoom(
  trx: DatabaseTransaction,
  ended: readonly string[],
  request: RoomRequest,
): Promise<RoomAnswer> {
  await endReservations(trx, ended)
  return await takeRoom(trx, request)
}

/** RELEASE: ends at most `atMost` reservations that ran out, and gives their room back. Returns their number. */
export async function endExpiredReservations(db: Database, atMost: number): Promise<number> {
  const { rows } = await db.executeQuery<{ ended: number }>(CompiledQuery.raw(END_EXPIRED, [atMost]))
  return rows[0]?.ended ?? 0
}

/** Extends a reservation to `seconds` from now. */
export async function extendReservation(db: Database, id: string, seconds: number): Promise<void> {
  await sql`
    update reservations set expires_at = greatest(expires_at, now() + make_interval(secs => ${seconds})) where id = ${id}::uuid
  `.execute(db)
}
