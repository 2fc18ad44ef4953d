import { rm } from 'node:fs/promises'
import type { EmbeddedPostgres } from '../../src/database/embeddedPostgres/start.ts'
import { findPostgres } from './postgres.ts'

export default async function globalTeardown() {
  const { upfileTestPostgres } = globalThis as { upfileTestPostgres?: EmbeddedPostgres }
  await upfileTestPostgres?.stop()
  await rm(findPostgres().directory, { recursive: true, force: true })
}
