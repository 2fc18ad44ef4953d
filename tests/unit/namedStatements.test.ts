import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CompiledQuery } from 'kysely'
import { connectDatabase, type DatabaseConnection } from '../../src/database/connection/connect.ts'
import { eventually } from '../support/eventually.ts'
import { createDatabase } from '../support/postgres.ts'

/** One connection, so that every run of a statement but the first is one again. */
let database: DatabaseConnection
let drop: () => Promise<void>
/** How often PostgreSQL described the columns of a statement. */
let descriptions = 0
beforeAll(async () => {
  const { url, drop: dropDatabase } = await createDatabase()
  drop = dropDatabase
  database = connectDatabase({ connectionString: url, max: 1, prepare: true }, () => {})
  database.pool.on('connect', ({ connection }) => {
    connection.on('rowDescription', () => {
      descriptions += 1
    })
  })
})
afterAll(async () => {
  await database.db.destroy()
  await drop()
})

const run = (statement: string, ...parameters: unknown[]) =>
  database.db.executeQuery(CompiledQuery.raw(statement, parameters))

describe('a statement with a name that runs again on its connection', () => {
  it('is not described again', async () => {
    await run('select 1') // opens the connection, if no statement did
    const before = descriptions
    for (const n of [1, 2, 3])
      expect((await run('/* described_once */ select $1::int as n', n)).rows).toEqual([{ n }])
    expect(descriptions - before).toBe(1)
  })

  it('returns rows as the first run did, with values of every type that the service reads', async () => {
    const statement = `/* all_types */ select n as "number", n::bigint as "size", 'é"' || n as "text", null::text as "nothing",
      n > 1 as "truth", decode('00ff', 'hex') as "bytes", '2026-01-02 03:04:05.6+00'::timestamptz as "time",
      array['a', n::text] as "list", '' as "empty" from generate_series(1, $1::int) n`
    const first = await run(statement, 2)
    expect(first.rows).toMatchObject([
      { number: 1, size: 1, text: 'é"1', nothing: null, truth: false, empty: '' },
      { truth: true, bytes: Buffer.from([0, 255]), time: '2026-01-02T03:04:05.600Z', list: ['a', '2'] },
    ])
    expect(await run(statement, 2)).toEqual(first)
    expect((await run(statement, 0)).rows).toEqual([])
    expect((await run(statement, 3)).rows).toHaveLength(3)
  })

  it('sends parameters as the first run did', async () => {
    const statement =
      '/* all_parameters */ select $1::text[] a, $2::bytea b, $3::timestamptz c, $4::int d, $5::jsonb e'
    const values = [['x', null, '"'], Buffer.from([0, 1]), new Date(0), null, { deep: [1] }]
    const first = await run(statement, ...values)
    expect(first.rows).toMatchObject([
      { a: ['x', null, '"'], b: Buffer.from([0, 1]), d: null, e: { deep: [1] } },
    ])
    expect(await run(statement, ...values)).toEqual(first)
  })

  it('counts the rows that it changes', async () => {
    await run('create temporary table things (n int)')
    const insert = '/* add_things */ insert into things select generate_series(1, $1::int)'
    for (const count of [2, 3]) expect((await run(insert, count)).numAffectedRows).toBe(BigInt(count))
    const remove = '/* remove_things */ delete from things where n = $1::int returning n'
    for (const [n, count] of [
      [1, 2n],
      [3, 1n],
      [9, 0n],
    ] as const)
      expect((await run(remove, n)).numAffectedRows).toBe(count)
  })

  it('fails as the first run did, and its connection goes on', async () => {
    const divide = '/* divide */ select 6 / $1::int as result'
    for (const divisor of [0, 3, 0, 2]) {
      const running = run(divide, divisor)
      if (divisor === 0) await expect(running).rejects.toMatchObject({ code: '22012' })
      else expect((await running).rows).toEqual([{ result: 6 / divisor }])
    }
    await expect(run(divide, 'six')).rejects.toMatchObject({ code: '22P02' })
    expect((await run(divide, 6)).rows).toEqual([{ result: 1 }])
  })

  it('fails when a value cannot be read, and its connection goes on', async () => {
    const read = '/* read_time */ select $1::timestamptz as time'
    await run(read, '2026-01-01T00:00:00Z')
    await expect(run(read, 'infinity')).rejects.toThrow(RangeError)
    expect((await run(read, '2026-01-01T00:00:00Z')).rows).toEqual([{ time: '2026-01-01T00:00:00.000Z' }])
  })

  it('fails once when its columns have changed, and a new connection runs it', async () => {
    await run('create table changing (n int)')
    const read = '/* read_changing */ select * from changing where n = $1::int'
    for (const n of [1, 2]) expect((await run(read, n)).rows).toEqual([])
    await run('alter table changing alter column n type bigint')
    await expect(run(read, 1)).rejects.toMatchObject({ code: '0A000' })
    for (const n of [1, 2]) expect((await run(read, n)).rows).toEqual([])
  })

  it('fails when its connection ends, and a new connection runs it', async () => {
    const end =
      '/* end_connection */ select pg_terminate_backend(case when $1::bool then pg_backend_pid() else 0 end)'
    await run(end, false)
    await expect(run(end, true)).rejects.toThrow()
    await eventually(async () => expect((await run(end, false)).rows).toHaveLength(1))
    expect((await run(end, false)).rows).toHaveLength(1)
  })
})
