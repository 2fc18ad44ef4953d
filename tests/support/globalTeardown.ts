import { rm } from 'node:fs/promises'
import type { EmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { findPostgres } from './postgres.ts'
import type { Radosgw } from './radosgw.ts'

interface Started {
  upfileTestPostgres?: EmbeddedPostgres
  upfileTestS3?: { readonly radosgw: Radosgw; readonly directory: string }
}

export default async function globalTeardown() {
  const { upfileTestPostgres, upfileTestS3 } = globalThis as Started
  await upfileTestPostgres?.stop()
  await rm(findPostgres().directory, { recursive: true, force: true })
  await upfileTestS3?.radosgw.stop()
  if (upfileTestS3) await rm(upfileTestS3.directory, { recursive: true, force: true })
}
