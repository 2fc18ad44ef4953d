import { release } from 'node:os'

interface ServerNames {
  readonly socketFolder: string
  readonly clusterName: string
}

/** The connections that PostgreSQL takes unless somebody asks for others. */
export const usualConnections = 100

/** Settings for the command line of PostgreSQL, which its configuration files do not override. */
export function serverSettings({ socketFolder, clusterName }: ServerNames): Readonly<Record<string, string>> {
  return {
    cluster_name: clusterName,
    'upfile.owner': String(process.pid),
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: String(usualConnections),
    shared_buffers: '128MB',
    // Processes that nothing here needs: for reads ahead of large scans, and for replicas of single tables.
    io_method: 'sync',
    max_logical_replication_workers: '0',
    max_wal_size: '2GB',
    min_wal_size: '256MB',
    // A start after a crash replays the log since the last checkpoint: seconds, not minutes.
    checkpoint_timeout: '1min',
    ...(reportsLostWrites() && { recovery_init_sync_method: 'syncfs' }),
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_checkpoints: 'off',
    // "log" ranks above "error" here: the service reports a refused statement itself.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
  }
}

/**
 * Whether syncfs reports lost writes, as Linux does since 5.8. Before it recovers, PostgreSQL syncs its whole folder: one
 * syncfs takes a third of the time of an fsync for each of a thousand files.
 */
function reportsLostWrites(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return process.platform === 'linux' && (major > 5 || (major === 5 && minor >= 8))
}
