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
    ['TLS on this port', '\x16\x03\x01\x02\x00\x01', /plain HTTP: use http:/],
    [
      'two lengths',
      'PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      /Duplicate Content-Length/,
    ],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', /must be one line/],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /HTTP\/1\.1/],
    ['a blank in the address', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', /%20 for a blank/],
    ['a tunnel', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', /no proxy/],
  ])('says what is wrong with %s', async (_case, text, detail) => {
    const { body } = await rawRequest(service, Buffer.from(text, 'latin1'))
    expect(body).toMatchObject({ detail: expect.stringMatching(detail) })
  })

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
