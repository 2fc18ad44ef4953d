import { TestEnvironment } from 'jest-environment-node'
import type { ServiceHost } from './service.ts'

/**
 * Node's own modules load once for each worker, those of a test file anew for each file: a service in the context of a test file
 * costs 4 s of CPU time before its first answer. So services run outside of it, and test files get them as `serviceHost`.
 */
export default class ServiceEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup()
    const serviceHost: ServiceHost = {
      startService: async (env) => (await import('./serviceHost.ts')).startService(env),
      armFailpoints: async (failpoints) =>
        (await import('../../src/runtime/failpoint.ts')).armFailpoints(failpoints),
    }
    this.global.serviceHost = serviceHost
  }
}
