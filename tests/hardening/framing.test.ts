import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath, send } from '../support/client.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw } from '../support/rawRequest.ts'
import { startService, type TestService } from '../support/service.ts'
import { oddRequests } from './framingCorpus.ts'

let service: TestService
let oracle: Oracle
beforeAll(async () => {
  service = await startService()
  oracle = watchService(service)
})
afterEach(() => oracle.expectAlive())
afterAll(() => oracle.expectUnharmed())
afterAll(async () => {
  oracle.stop()
  await service.stop()
})

describe('A request whose framing is odd', () => {
  it.each(oddRequests)('is refused for $name: $status', async ({ text, status }) => {
    const connection = await openRaw(service, text)
    expect(await connection.answer()).toBeProblem(status)
    await connection.rest()
    connection.destroy()
  })

  it('leaves no file behind', async () => {
    expect((await send(service, filesPath)).body).toEqual([])
  })
})
