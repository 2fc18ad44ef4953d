import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw } from '../support/rawRequest.ts'
import { oddRequests } from './framingCorpus.ts'

describeService('A request whose framing is odd', (service) => {
  let oracle: Oracle
  beforeAll(async () => {
    oracle = watchService(service)
  })
  afterEach(() => oracle.expectAlive())
  afterAll(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

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
