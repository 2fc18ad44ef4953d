import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'

// Each test ends with a round of maintenance, and a scan that is due would make that long.
describeService('connections', { SCAN_SECONDS: '1000' }, (service) => {
  let oracle: Oracle
  let file: FileBody
  const bytes = Buffer.alloc(5_000_000, 'many bytes ')
  beforeAll(async () => {
    oracle = watchService(service)
    file = (await upload(service, bytes, { name: 'many.txt' })).body
  })
  afterEach(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

  const request = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

  describe('A method that nothing here has', () => {
    const toFiles = /^(?=.*\bGET\b)(?=.*\bPOST\b)(?=.*\bPUT\b)/
    const toAFile = /^(?=.*\bGET\b)(?=.*\bPUT\b)(?=.*\bDELETE\b)/

    it.each([
      ['TRACE of a file', () => `TRACE ${filesPath}/${file.id}`, toAFile],
      ['POST to a file', () => `POST ${filesPath}/${file.id}`, toAFile],
      ['PATCH of all files', () => `PATCH ${filesPath}`, toFiles],
      ['DELETE of all files', () => `DELETE ${filesPath}`, toFiles],
      ['PROPFIND of all files', () => `PROPFIND ${filesPath}`, toFiles],
      ['LINK of all files', () => `LINK ${filesPath}`, toFiles],
      ['a method nobody knows', () => `FETCH ${filesPath}`, toFiles],
      ['a method in lower case', () => `get ${filesPath}`, toFiles],
      ['CONNECT', () => 'CONNECT x:443', toFiles],
    ])('is refused with the methods there are: %s', async (_name, line, allow) => {
      const answer = await rawRequest(service, request(line()))
      expect(answer).toBeProblem(405)
      expect(answer.headers.get('allow')).toMatch(allow)
    })

    it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
      'does not come with %s',
      async (name) => {
        const override = `${name}: DELETE\r\nContent-Length: 0\r\n`
        expect(await rawRequest(service, request(`POST ${filesPath}/${file.id}`, override))).toBeProblem(405)
        await rawRequest(service, request(`GET ${filesPath}/${file.id}`, override))
        expect((await send(service, `${filesPath}/${file.id}`)).status).toBe(200)
      },
    )
  })

  describe('A connection', () => {
    it('that is reset after CONNECT does not end the service', async () => {
      for (let count = 0; count < 40; count++) (await openRaw(service, request('CONNECT x:443'))).reset()
    })

    it.each([
      ['CONNECT', request('CONNECT x:443')],
      ['a method nobody knows', request('FETCH /')],
      ['a header that is none', request('GET /', 'no header\r\n')],
    ])('is not kept open after the answer to %s', async (_name, text) => {
      const connection = await openRaw(service, text)
      await connection.answer()
      await oracle.expectNobodyConnected()
      connection.destroy()
    })

    it('gives the answer to what came before something malformed, and then refuses that', async () => {
      const connection = await openRaw(
        service,
        `${request('GET /livez')}${request('GET /livez')}GARBAGE\r\n\r\n`,
      )
      expect((await connection.answer()).status).toBe(200)
      expect((await connection.answer()).status).toBe(200)
      expect(await connection.answer()).toBeProblem(405)
      expect(await connection.rest()).toHaveLength(0)
      connection.destroy()
    })

    it('lets nothing into the bytes of a download', async () => {
      const connection = await openRaw(service)
      connection.pause()
      await connection.write(`${request(`GET ${filesPath}/${file.id}/content`)}GARBAGE\r\n\r\n`)
      connection.resume()
      const download = await connection.answer()
      expect(download.bytes.equals(bytes)).toBe(true)
      expect(await connection.answer()).toBeProblem(405)
      connection.destroy()
    })

    it('is cut when requests without end wait on it', async () => {
      const connection = await openRaw(service)
      connection.pause()
      await connection.write(request(`GET ${filesPath}/${file.id}/content`).repeat(200))
      await oracle.expectNobodyConnected()
      connection.destroy()
    })

    it('is not upgraded, and the request is served', async () => {
      const upgrade =
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\nHTTP2-Settings: AA\r\n'
      expect((await rawRequest(service, request('GET /livez', upgrade))).status).toBe(200)
      const put = request(`PUT ${filesPath}`, `${upgrade}Content-Length: 8\r\n`)
      expect((await rawRequest(service, `${put}upgraded`)).status).toBe(201)
    })

    it.each([
      ['a list', request(`GET ${filesPath}`), 200],
      ['an upload', `${request(`PUT ${filesPath}`, 'Content-Length: 10\r\n')}half-close`, 201],
      ['a refused upload', `${request('PUT /nowhere', 'Content-Length: 10\r\n')}half-close`, 404],
    ])(
      'whose client ends its own side behind the request gets the answer: %s',
      async (_name, text, status) => {
        const connection = await openRaw(service, text)
        connection.end()
        expect((await connection.answer()).status).toBe(status)
        expect(await connection.rest()).toHaveLength(0)
        connection.destroy()
      },
    )

    it('of HTTP/1.0 needs no Host and is closed after the answer', async () => {
      const connection = await openRaw(service, 'GET /livez HTTP/1.0\r\n\r\n')
      expect((await connection.answer()).status).toBe(200)
      expect(await connection.rest()).toHaveLength(0)
      connection.destroy()
    })
  })
})
