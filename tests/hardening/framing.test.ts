import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'
import { cutRequests, oddRequests } from './framingCorpus.ts'

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

  it.each([...oddRequests, ...cutRequests.map((request) => ({ ...request, ends: true }))])(
    'is refused for $name: $status',
    async ({ text, status, ...more }) => {
      const connection = await openRaw(service, Buffer.from(text, 'latin1'))
      if ('ends' in more) connection.end()
      const answer = await connection.answer()
      expect(answer).toBeProblem(status)
      expect(answer.body).toMatchObject({ detail: expect.stringMatching(/^.{20,200}\.$/) })
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        connection: 'close',
      })
      await connection.rest()
      connection.destroy()
    },
  )

  it.each([
    ['a whole address', 'GET http://localhost/livez?x=1 HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n', 200],
    [
      'a whole address without a path',
      'GET https://localhost:1?x=1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n',
      200,
    ],
    [
      'a whole address of the page',
      'GET http://localhost/web/page.js HTTP/1.1\r\nHost: localhost\r\n\r\n',
      200,
    ],
    ['an empty port', 'GET /livez HTTP/1.1\r\nHost: localhost:\r\n\r\n', 200],
    ['the methods of the whole service', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 204],
  ])('is none with %s', async (_case, text, status) => {
    expect((await rawRequest(service, text)).status).toBe(status)
  })

  it('leaves no file behind', async () => {
    expect((await send(service, filesPath)).body).toEqual([])
  })
})
