import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'

/** Owns a PostgreSQL until it is killed. Says so, and each row it was told is committed, in lines of JSON. */
const [directory = '', work = 'idle'] = process.argv.slice(2)
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function insertForEver(pool: pg.Pool): Promise<never> {
  for (;;) {
    const { rows } = await pool.query('insert into rows default values returning id')
    say({ acknowledged: rows[0].id })
  }
}

const postgres = await startEmbeddedPostgres({
  directory,
  database: 'test',
  log: (message) => say({ message }),
})
say({ pid: postgres.pid, connection: postgres.connection })

const pool = new pg.Pool({ ...postgres.connection, max: 8 })
if (work === 'insert') {
  await pool.query('create table if not exists rows (id bigserial primary key)')
  for (let writer = 0; writer < 8; writer++) void insertForEver(pool)
}
process.stdin.resume()
