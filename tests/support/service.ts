import type { Server } from 'node:http'
import type { Deps } from '../../src/deps.ts'
import type { Api } from './api/agent.ts'
import type { Findings } from './findings.ts'

/** The service in this process, on a database and a volume of its own, listening on a port of its own. */
export interface TestService {
  readonly url: string
  readonly port: number
  readonly api: Api
  readonly deps: Deps
  readonly server: Server
  readonly dataDirectory: string
  readonly logDirectory: string
  /** The environment in which a command works on the same data. */
  readonly settings: Readonly<Record<string, string>>
  /** One round of maintenance, now. */
  maintain(): Promise<void>
  /** The counts and violations of fsck; `deep` reads every byte. */
  findEverything(options: { readonly deep: boolean }): Promise<Findings>
  /** The violations that fsck finds, reading every byte. */
  violations(): Promise<readonly string[]>
}

export interface StartedService extends TestService {
  stop(): Promise<void>
}

/** What runs outside the contexts of the test files, in the process of the worker, and is loaded once for all of them. */
export interface ServiceHost {
  startService(env: Readonly<Record<string, string>>): Promise<StartedService>
  armFailpoints(failpoints: string): Promise<void>
}

declare global {
  /** Set by `environment.ts`. */
  var serviceHost: ServiceHost
}

/**
 * Starts the service with these settings, on a database of its own unless DATABASE_URL names one. It runs no maintenance
 * of its own; `maintain` does.
 */
export const startService = (env: Readonly<Record<string, string>> = {}): Promise<StartedService> =>
  globalThis.serviceHost.startService(env)

/** Arms failpoints of all services that `startService` started in this worker, and disarms all others. */
export const armFailpoints = (failpoints: string): Promise<void> =>
  globalThis.serviceHost.armFailpoints(failpoints)
