import type { Command } from './command.ts'

/** Runs the service until a signal ends it. */
export const serve: Command = {
  name: 'serve',
  usage: '',
  summary: 'run the service (the default)',
  help: `Runs the service until SIGTERM or SIGINT. Without settings it listens on 127.0.0.1:8000 and keeps its PostgreSQL and its
files below ./data.
`,
  // Not for people: a service with WORKERS starts its processes with them.
  options: { worker: { type: 'boolean' }, 'own-postgres': { type: 'boolean' } },
  words: 0,
  // Loaded only here: no other command needs what serves HTTP.
  run: async ({ options }) =>
    options.worker
      ? (await import('./start/runWorker.ts')).runWorker({ ownPostgres: options['own-postgres'] === true })
      : (await import('./start/runService.ts')).runService(),
}
