import { X509Certificate } from 'node:crypto'
import type { createReader } from './reader.ts'

/** Without DATABASE_URL or DB_HOST the service runs a PostgreSQL of its own below the data directory. */
export type DatabaseConfig =
  | (PoolConfig & { readonly kind: 'embedded' })
  | (PoolConfig & { readonly kind: 'url'; readonly url: string })
  | (PoolConfig & {
      readonly kind: 'host'
      readonly host: string
      readonly port: number
      readonly user: string
      readonly password: string
      readonly name: string
      readonly tls: DatabaseTls
    })

export interface PoolConfig {
  readonly poolSize: number
  /** Whether frequent statements are prepared, so that each is planned once per connection. */
  readonly prepare: boolean
}

export interface DatabaseTls {
  /**
   * In libpq's words: no TLS; TLS with any certificate; TLS with a certificate for the host, signed by one of the
   * authorities.
   */
  readonly mode: 'disable' | 'require' | 'verify-full'
  /** Certificates of the accepted authorities, in PEM; undefined means the authorities that Node knows. */
  readonly authorities: string | undefined
}

/** Reads the settings of the database. */
export function databaseConfig(read: ReturnType<typeof createReader>): DatabaseConfig {
  const pool = {
    poolSize: read.integer('DB_POOL_SIZE', 20, 2, 1000),
    prepare: read.flag('DB_PREPARE', true),
  }
  const url = read.optional('DATABASE_URL')
  if (url !== undefined) {
    if (!/^postgres(ql)?:\/\//.test(url))
      read.refuse('DATABASE_URL must begin with postgres:// or postgresql://')
    return { kind: 'url', url, ...pool }
  }
  const host = read.optional('DB_HOST')
  if (host === undefined) return { kind: 'embedded', ...pool }
  return {
    kind: 'host',
    host,
    port: read.integer('DB_PORT', 5432, 1, 65_535),
    user: read.text('DB_USER', 'upfile'),
    password: read.text('DB_PASSWORD', ''),
    name: read.text('DB_NAME', 'upfile'),
    tls: databaseTls(read),
    ...pool,
  }
}

function databaseTls(read: ReturnType<typeof createReader>): DatabaseTls {
  const mode = read.choice('DB_SSL', ['disable', 'require', 'verify-full'], 'disable')
  const authorities = read.optional('DB_SSL_CA')
  if (authorities !== undefined) {
    if (mode !== 'verify-full') read.refuse('DB_SSL_CA is used with DB_SSL=verify-full only')
    if (!isCertificate(authorities))
      read.refuse('DB_SSL_CA must hold certificates in PEM, not the name of a file')
  }
  return { mode, authorities }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== ''
  } catch {
    return false
  }
}
