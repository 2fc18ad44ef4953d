import { resolve } from 'node:path'
import { type AccessConfig, accessConfig } from './config/access.ts'
import { explainOrigin, isHostName, isOrigin, readHost } from './config/addresses.ts'
import { type DatabaseConfig, databaseConfig } from './config/database.ts'
import { warnOfMisspellings } from './config/misspellings.ts'
import { type RatesConfig, ratesConfig } from './config/rates.ts'
import { createReader, type Env } from './config/reader.ts'
import { type StorageConfig, storageConfig } from './config/storage.ts'
import type { LogConfig } from './logger.ts'
import { longestLinkSeconds } from './storage/directAccess.ts'

/** All settings of a deployment. Durations are in seconds and sizes in bytes; the names tell which. */
export interface Config {
  readonly environment: 'development' | 'testing' | 'production'
  readonly host: string
  readonly port: number
  /** Processes that serve requests. */
  readonly workers: number
  readonly dataDirectory: string
  readonly database: DatabaseConfig
  readonly storage: StorageConfig
  /** The storage that bytes move from; undefined when all bytes are in `storage`. */
  readonly storageFrom: StorageConfig | undefined
  readonly log: LogConfig
  readonly limits: Limits
  readonly protocol: ProtocolConfig
  readonly http: HttpConfig
  readonly access: AccessConfig
  readonly rates: RatesConfig
  /** Whether the buffers of connections are freed early, by calling V8's collector (docs/decisions/0016). */
  readonly collectYoungBuffers: boolean
  readonly failpoints: string
  /** Sentences for the operator about variables that are ignored and look like settings. */
  readonly warnings: readonly string[]
}

export interface Limits {
  readonly maxFileSizeBytes: number
  /** Accepted media types, `image/*` for a family; empty means all. */
  readonly allowedTypes: readonly string[]
  /** Space on the volume that uploads leave free. */
  readonly reservedFreeBytes: number
  readonly maxConnections: number
}

export interface ProtocolConfig {
  readonly leaseSeconds: number
  /** Seconds after which an announced upload is given up. */
  readonly uploadSeconds: number
  readonly readGraceSeconds: number
  readonly orphanHoldSeconds: number
  readonly deletedRetentionSeconds: number
  readonly auditRetentionSeconds: number
  readonly scrubAfterSeconds: number
  readonly maintenanceIntervalSeconds: number
  /** Seconds for one walk over all stored bytes, which looks for bytes that no table knows. */
  readonly scanSeconds: number
}

/** How slow a client may be in sending or taking bytes. */
export interface SlowLimits {
  readonly minimumBytesPerSecond: number
  readonly stallSeconds: number
}

export interface HttpConfig extends SlowLimits {
  readonly publicUrl: string | undefined
  /** Number of proxies in front whose X-Forwarded headers are believed. */
  readonly trustedProxies: number
  readonly corsOrigins: readonly string[]
  /** Domain names under which clients may ask for the service, `*` for any. */
  readonly allowedHosts: readonly string[]
  readonly validateResponses: boolean
  /** Default lifetime of signed links. */
  readonly linkSeconds: number
  /** Secrets that sign links, the newest first; without one the service makes a secret and keeps it in the database. */
  readonly linkSecrets: readonly string[]
  /** Lifetime of a session of the page for browsers. */
  readonly sessionSeconds: number
  readonly shutdownSeconds: number
  /** Seconds that a connection without a request stays open. */
  readonly keepAliveSeconds: number
}

/**
 * Reads the configuration from the environment; the settings that `instead` returns replace those of `env`. Throws one Error
 * that names every wrong setting.
 */
export function loadConfig(env: Env, instead: (env: Env) => Env = () => ({})): Config {
  const read = createReader({ ...env, ...instead(env) })
  const environment = read.choice('ENVIRONMENT', ['development', 'testing', 'production'], 'development')
  read.choice('DB_TYPE', ['postgres', 'postgresql'], 'postgres')
  const dataDirectory = resolve(read.text('DATA_DIR', './data'))
  const maxFileSizeBytes = read.integer('MAX_FILE_SIZE', 64 * 2 ** 30, 1, Number.MAX_SAFE_INTEGER)
  const host = readHost(read)
  const publicUrl = read.url('PUBLIC_URL')
  const trustedProxies = read.integer('TRUSTED_PROXIES', 0, 0, 10)
  const config: Config = {
    environment,
    host,
    port: read.integer('PORT', 8000, 0, 65_535),
    workers: read.integer('WORKERS', 1, 1, 64),
    dataDirectory,
    database: databaseConfig(read),
    ...storageConfig(read, { maxFileSizeBytes }),
    log: {
      level: read.choice('LOG_LEVEL', ['critical', 'error', 'warn', 'info', 'debug'], 'info'),
      directory: read.optional('LOG_DIR'),
    },
    limits: {
      maxFileSizeBytes,
      allowedTypes: read
        .list('ALLOWED_TYPES', isTypeOrFamily, () => 'a type looks like image/png or image/*')
        .map((type) => type.toLowerCase()),
      reservedFreeBytes: read.integer('RESERVED_FREE_BYTES', 64 * 2 ** 20, 0, Number.MAX_SAFE_INTEGER),
      maxConnections: read.integer('MAX_CONNECTIONS', 10_000, 1, 1_000_000),
    },
    protocol: {
      leaseSeconds: read.integer('LEASE_SECONDS', 120, 3, 86_400),
      uploadSeconds: read.integer('UPLOAD_EXPIRATION', 86_400, 10, 604_800),
      readGraceSeconds: read.integer('READ_GRACE_SECONDS', 600, 0, 604_800),
      orphanHoldSeconds: read.integer('ORPHAN_HOLD_SECONDS', 604_800, 0, 31_536_000),
      deletedRetentionSeconds: read.integer('DELETED_RETENTION_SECONDS', 86_400, 0, 31_536_000),
      auditRetentionSeconds: read.integer('AUDIT_RETENTION_SECONDS', 31_536_000, 86_400, 315_360_000),
      scrubAfterSeconds: read.integer('SCRUB_AFTER_SECONDS', 2_592_000, 1, 31_536_000),
      maintenanceIntervalSeconds: read.integer('MAINTENANCE_INTERVAL_SECONDS', 30, 1, 86_400),
      scanSeconds: read.integer('SCAN_SECONDS', 3600, 1, 31_536_000),
    },
    http: {
      publicUrl,
      trustedProxies,
      corsOrigins: read.list(
        read.optional('CORS_ORIGINS') === undefined ? 'ALLOW_ORIGINS' : 'CORS_ORIGINS',
        isOrigin,
        explainOrigin,
      ),
      allowedHosts: read.list(
        'ALLOWED_HOSTS',
        // Without a port, because the name alone says whose site it is.
        (entry) => entry === '*' || isHostName(entry),
        () => 'a host has no scheme and no port, as files.example.com',
      ),
      validateResponses: read.flag('VALIDATE_RESPONSES', environment !== 'production'),
      linkSeconds: read.integer('SIGNED_URL_EXPIRATION', 3600, 1, longestLinkSeconds),
      linkSecrets: read.secrets('LINK_SECRETS', { most: 2, leastCharacters: 32 }),
      sessionSeconds: read.integer('SESSION_SECONDS', 43_200, 1, 2_592_000),
      shutdownSeconds: read.integer('SHUTDOWN_SECONDS', 30, 0, 3600),
      keepAliveSeconds: read.integer('KEEP_ALIVE_SECONDS', 65, 1, 86_400),
      minimumBytesPerSecond: read.integer('MINIMUM_BYTES_PER_SECOND', 1024, 0, 2 ** 30),
      stallSeconds: read.integer('STALL_SECONDS', 30, 1, 3600),
    },
    access: accessConfig(read, { host, publicUrl, trustedProxies }),
    rates: ratesConfig(read),
    collectYoungBuffers: read.flag('COLLECT_YOUNG_BUFFERS', true),
    failpoints: read.text('FAILPOINTS', ''),
    warnings: warnOfMisspellings(env),
  }
  read.finish()
  return Object.freeze(config)
}

const isTypeOrFamily = (type: string) => /^[\w.+-]+\/([\w.+-]+|\*)$/.test(type)
