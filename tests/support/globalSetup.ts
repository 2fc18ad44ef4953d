import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import { migrateUp } from '../../src/database/connection/migrate.ts'
import { startEmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { dataParent, findMemory, MEMORY } from './dataParent.ts'
import { setPostgres } from './postgres.ts'
import { startS3Server } from './s3Server.ts'

/** One PostgreSQL for the whole run; every test file gets a database of its own, copied from a migrated one. */
export default async function globalSetup() {
  process.env[MEMORY] = findMemory() ?? ''
  const directory = await mkdtemp(join(dataParent(), 'upfile-test-'))
  const postgres = await startEmbeddedPostgres({
    directory,
    database: 'template',
    log: () => {},
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200' },
  })
  const { db } = connectDatabase({ ...postgres.connection, max: 2, prepare: false }, () => {})
  await migrateUp(db)
  await db.destroy()
  setPostgres({ directory, ...postgres.connection })
  Object.assign(globalThis, { upfileTestPostgres: postgres })
  if (process.env.SUITE === 's3' && process.env.S3_TEST_ENDPOINT === undefined) {
    const s3 = await startS3Server()
    Object.assign(globalThis, { upfileTestS3: s3 })
    Object.assign(process.env, s3.settings)
  }
}
