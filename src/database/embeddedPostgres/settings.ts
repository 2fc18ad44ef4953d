interface Place {
  readonly socketFolder: string
  readonly clusterName: string
}

/** What PostgreSQL is told on its command line, where nothing in its own files overrides it. */
export function serverSettings({ socketFolder, clusterName }: Place): Readonly<Record<string, string>> {
  return {
    cluster_name: clusterName,
    'upfile.owner': String(process.pid),
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    min_wal_size: '256MB',
    // A start after a crash replays what was written since the last checkpoint: seconds, not minutes.
    checkpoint_timeout: '1min',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_checkpoints: 'off',
    // "log" ranks above "error" here: a refused statement is the client's to report.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
  }
}
