import { TestEnvironment } from 'jest-environment-node'
import { MEMORY } from './dataParent.ts'
import type { ServiceHost } from './service.ts'

const memory = process.env[MEMORY] ?? ''

/** Tests of how bytes come to a disk. All others keep their data in memory where they can: half of their time is the disk's. */
const ON_DISK = /\/tests\/(storage\/volume|faults\/(disk|kills))/

/**
 * Node's own modules load once for each worker, those of a test file anew for each file: a service in the context of a test file
 * costs 4 s of CPU time before its first answer. So services run outside of it, and test files get them as `serviceHost`.
 */
export default class ServiceEnvironment extends TestEnvironment {
  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    process.env[MEMORY] = ON_DISK.test(context.testPath) ? '' : memory
    super(config, context)
  }

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
