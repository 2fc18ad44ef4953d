import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDatabase } from '../../src/database/connect.ts'
import { startEmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { migrateUp } from '../../src/database/migrate.ts'
import { setPostgres } from './postgres.ts'
import { startRadosgw } from './radosgw.ts'

/** One PostgreSQL for the whole run; every test file gets a database of its own, copied from a migrated one. */
export default async function globalSetup() {
  const directory = await mkdtemp(join(tmpdir(), 'upfile-test-'))
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
    const s3 = await mkdtemp(join(tmpdir(), 'upfile-s3-'))
    const radosgw = await startRadosgw(s3)
    Object.assign(globalThis, { upfileTestS3: { radosgw, directory: s3 } })
    process.env.S3_TEST_ENDPOINT = radosgw.endpoint
    process.env.S3_TEST_ACCESS_KEY_ID = radosgw.accessKeyId
    process.env.S3_TEST_SECRET_ACCESS_KEY = radosgw.secretAccessKey
  }
}
