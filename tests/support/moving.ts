import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { loadConfig } from '../../src/config.ts'
import { connectDatabase } from '../../src/database/connection/connect.ts'
import type { Database } from '../../src/database/schema.ts'
import type { S3Storage, S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { type ChildService, createInstallation, type Installation } from './childService.ts'
import { download, upload } from './client.ts'
import { openS3 } from './openS3.ts'
import { storageSettings } from './storageSettings.ts'

type Env = Readonly<Record<string, string>>

/** An installation with a volume and a place in S3 of its own, and the settings that lead to them. */
export interface TwoStorages {
  readonly installation: Installation
  readonly db: Database
  readonly onVolume: Env
  readonly onS3: Env
  /** Writes to S3 and reads the volume as well. */
  readonly toS3: Env
  /** Writes to the volume and reads S3 as well. */
  readonly toVolume: Env
  /** The place in S3, past the service. */
  readonly s3: S3Storage
  readonly s3Options: S3StorageOptions
  readonly volume: string
  /** Runs `upfile migrate-storage`. */
  move(to: 'volume' | 's3', env?: Env): ReturnType<Installation['run']>
  /** The key of the bytes of a file. */
  keyOf(id: string): Promise<string>
  removeVolume(): Promise<void>
  remove(): Promise<void>
}

export async function createTwoStorages(): Promise<TwoStorages> {
  const installation = await createInstallation({ postgres: 'shared' })
  const onS3 = { ...(await storageSettings()), LEASE_SECONDS: '3' }
  const { storage: s3Options } = loadConfig(onS3)
  if (s3Options.kind !== 's3') throw new Error('This runs with TEST_STORAGE=s3 alone.')
  const s3 = openS3(s3Options)
  const { db } = connectDatabase(
    { connectionString: installation.databaseUrl, max: 2, prepare: false },
    () => {},
  )
  const onVolume = { ...onS3, STORAGE: 'volume' }
  const volume = join(installation.dataDirectory, 'volume')
  return {
    installation,
    db,
    onS3,
    onVolume,
    toS3: { ...onS3, STORAGE_FROM: 'volume' },
    toVolume: { ...onVolume, STORAGE_FROM: 's3' },
    s3,
    s3Options,
    volume,
    move: (to, env = {}) => installation.run(['migrate-storage', '--to', to], { ...onVolume, ...env }),
    async keyOf(id) {
      const { rows } = await sql<{ key: string }>`
        select storage_key as key from blobs join files on blob_id = blobs.id where files.id = ${id}::uuid
      `.execute(db)
      return rows[0]?.key ?? ''
    },
    removeVolume: () => rm(volume, { recursive: true }),
    async remove() {
      await s3.close()
      await db.destroy()
      await installation.remove()
    },
  }
}

/** A file that was stored, and the SHA-256 of what was sent. */
export interface StoredFile {
  readonly id: string
  readonly sha256: string
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

export async function storeAll(service: ChildService, sizes: readonly number[]): Promise<StoredFile[]> {
  const files: StoredFile[] = []
  for (const size of sizes) {
    const bytes = randomBytes(size)
    const { status, body } = await upload(service, bytes)
    if (status !== 201) throw new Error(`The upload was answered with ${status}`)
    files.push({ id: body.id, sha256: sha256(bytes) })
  }
  return files
}

/** Those of the files that do not come back as they were sent. */
export async function findLost(service: ChildService, files: readonly StoredFile[]): Promise<string[]> {
  const lost: string[] = []
  for (const file of files) {
    const { status, bytes } = await download(service, file.id)
    if (status !== 200 || sha256(bytes) !== file.sha256) lost.push(`${file.id}: ${status}`)
  }
  return lost
}
