import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { filesPath } from '../support/client.ts'
import { memoryOf } from '../support/memoryOf.ts'

const GROWTH_MIB = 288
const PATIENCE_MILLISECONDS = 180_000

let installation: Installation
let service: ChildService
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  service = await installation.start()
}, PATIENCE_MILLISECONDS)
afterAll(async () => {
  await service.stop()
  await installation.remove()
})

it(
  'The memory of the service does not grow with the media types that strangers invent',
  async () => {
    const invent = async (caller: number, count: number) => {
      for (let index = 0; index < count; index++) {
        const headers = { 'Content-Type': `invented/type-${caller}-${index}` }
        const body = index % 2 === 0 ? { method: 'GET' } : { method: 'PUT', body: 'the same bytes' }
        const { status } = await fetch(`${service.url}${filesPath}`, { ...body, headers })
        expect([200, 201, 403]).toContain(status)
      }
    }
    const several = (from: number, count: number) =>
      Promise.all([0, 1, 2, 3].map((caller) => invent(from + caller, count)))
    await several(0, 100)
    const before = await memoryOf(service)
    await several(4, 900)
    expect((await memoryOf(service)).now - before.now).toBeLessThan(GROWTH_MIB)
  },
  PATIENCE_MILLISECONDS,
)
