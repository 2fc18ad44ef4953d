import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { filesPath, freshText, putRaw, send } from '../support/client.ts'
import { processesIn } from '../support/embeddedPostgresOwner.ts'
import { eventually } from '../support/eventually.ts'
import { memoryOf } from '../support/memoryOf.ts'

let installation: Installation
let service: ChildService
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  service = await installation.start()
})
afterAll(async () => {
  await service.stop()
  await installation.remove()
})

const MIB = 2 ** 20

describe('a service at rest with its own PostgreSQL', () => {
  it.each(['1', '2'])('ends the connections that its work took, with WORKERS=%s', async (WORKERS) => {
    const own = await createInstallation({ postgres: 'embedded' })
    const { url, stop } = await own.start({ WORKERS })
    const processes = () => processesIn(join(own.dataDirectory, 'postgres')).length
    try {
      const few = processes()
      await Promise.all(Array.from({ length: 100 }, () => send({ url }, `${filesPath}?limit=100`)))
      expect(processes()).toBeGreaterThan(few)
      const began = performance.now()
      await eventually(() => expect(processes()).toBeLessThanOrEqual(few))
      expect(performance.now() - began).toBeLessThan(20_000)
    } finally {
      await stop()
      await own.remove()
    }
  })
})

describe('a service at rest', () => {
  const lessThan = (mebibytes: number) => async () =>
    expect((await memoryOf(service)).now).toBeLessThan(mebibytes)

  it('gives back the memory of its start within seconds, though its health is asked for', async () => {
    const began = performance.now()
    const asking = setInterval(() => void send(service, '/livez').catch(() => {}), 2000)
    await eventually(lessThan((await memoryOf(service)).peak - 25))
    clearInterval(asking)
    expect(performance.now() - began).toBeLessThan(8000)
  })

  it('gives back the memory of its work', async () => {
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 8 }, () => putRaw(service, Buffer.alloc(MIB, freshText()))))
      await Promise.all(Array.from({ length: 30 }, () => send(service, `${filesPath}?limit=100`)))
    }
    const { peak } = await memoryOf(service)
    await eventually(lessThan(peak - 25))
  })
})
