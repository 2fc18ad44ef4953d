import { afterAll, beforeAll, describe } from '@jest/globals'
import { type StartedService, startService, type TestService } from './service.ts'

type Settings = Readonly<Record<string, string>>
type Body = (service: TestService) => void

/**
 * Describes a service that is started with these settings before the tests of the body, and stopped after the hooks of the body.
 * The body is called before the service is there: only tests and hooks may read from `service`.
 */
export function describeService(name: string, ...[settings, body]: [Body] | [Settings, Body]): void {
  const tests = typeof settings === 'function' ? settings : body
  describe(name, () => {
    let started: StartedService | undefined
    beforeAll(async () => {
      started = await startService(typeof settings === 'function' ? {} : settings)
    })
    tests?.(
      readLate(() => {
        if (!started) throw new Error('The service is there for tests and hooks only.')
        return started
      }),
    )
    afterAll(() => started?.stop())
  })
}

/** A service that is looked up at every access, so that it can be handed out before it is started. */
const readLate = (started: () => TestService): TestService => ({
  get url() {
    return started().url
  },
  get port() {
    return started().port
  },
  get api() {
    return started().api
  },
  get deps() {
    return started().deps
  },
  get server() {
    return started().server
  },
  get dataDirectory() {
    return started().dataDirectory
  },
  get logDirectory() {
    return started().logDirectory
  },
  get settings() {
    return started().settings
  },
  maintain: () => started().maintain(),
  findEverything: (options) => started().findEverything(options),
  violations: () => started().violations(),
})
