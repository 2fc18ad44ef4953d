import { rm } from 'node:fs/promises'
import type { EmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { findPostgres } from './postgres.ts'
import type { S3Server } from './s3Server.ts'

interface Started {
  upfileTestPostgres?: EmbeddedPostgres
  upfileTestS3?: S3Server
}

export default async function globalTeardown() {
  const { upfileTestPostgres, upfileTestS3 } = globalThis as Started
  await upfileTestPostgres?.stop()
  await rm(findPostgres().directory, { recursive: true, force: true })
  await upfileTestS3?.stop()
}
