import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { formType } from '../support/rawForm.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'

/** Far more than the buffers of both ends hold. */
const body = new Uint8Array(40_000_000)

describeService('a client that is still sending', { MAX_FILE_SIZE: '1000000' }, (service) => {
  let oracle: Oracle
  beforeAll(async () => {
    oracle = watchService(service)
  })
  afterAll(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

  type Headers = Readonly<Record<string, string>>

  /** Reads nothing before it has sent everything, as Python's urllib does. */
  async function blocking(method: string, path: string, headers: Headers): Promise<number> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('')}`
    const connection = await openRaw(service)
    try {
      connection.pause()
      await connection.write(`${head}Content-Length: ${body.length}\r\n\r\n`)
      await connection.write(body)
      connection.resume()
      return (await connection.answer()).status
    } finally {
      connection.destroy()
    }
  }

  async function nodeHttp(method: string, path: string, headers: Headers): Promise<number | undefined> {
    const sending = request(`${service.url}${path}`, { method, headers, agent: false })
    const answered = once(sending, 'response')
    sending.end(body)
    const [answer] = (await answered) as [IncomingMessage]
    sending.on('error', () => {}) // the answer is read: a client that sends for much longer may be cut
    for await (const chunk of answer) expect(chunk.length).toBeGreaterThan(0)
    return answer.statusCode
  }

  const nodeFetch = async (method: string, path: string, headers: Headers): Promise<number> =>
    (await send(service, path, { method, headers, body })).status

  describe.each([
    ['one that reads afterwards', blocking],
    ['node:http', nodeHttp],
    ['fetch', nodeFetch],
  ])('reads the refusal: %s', (_name, sends) => {
    const multipart = formType.replace('Content-Type: ', '')
    it.each([
      ['a file that is too large', 'PUT', filesPath, {}, 413],
      ['a form that is too large', 'POST', filesPath, { 'Content-Type': multipart }, 413],
      ['an unknown path', 'PUT', '/nowhere', {}, 404],
      ['an unknown parameter', 'PUT', `${filesPath}?colour=red`, {}, 400],
      ['a method that is none', 'PATCH', filesPath, {}, 405],
      ['a condition that is not met', 'PUT', filesPath, { 'If-Match': '"x"' }, 412],
      ['a packed file', 'PUT', filesPath, { 'Content-Encoding': 'gzip' }, 415],
      ['a form that is none', 'POST', filesPath, { 'Content-Type': 'text/plain' }, 415],
      ['JSON that is too large', 'POST', '/buckets', { 'Content-Type': 'application/json' }, 413],
      ['a foreign page', 'PUT', filesPath, { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ])('of %s', async (_case, method, path, headers, status) => {
      expect(await sends(method, path, headers)).toBe(status)
    })
  })

  it('reads the refusal of a body whose length it did not say', async () => {
    const connection = await openRaw(service)
    connection.pause()
    await connection.write(`PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
    await connection.write(`${body.length.toString(16)}\r\n`)
    await connection.write(body)
    await connection.write('\r\n0\r\n\r\n')
    connection.resume()
    expect(await connection.answer()).toBeProblem(413, 'file-too-large')
    connection.destroy()
  })

  it('reads an answer that needs no body', async () => {
    expect(await blocking('GET', '/livez', {})).toBe(200)
    expect(await blocking('OPTIONS', filesPath, {})).toBe(204)
  })

  it('reads the refusal of malformed bytes', async () => {
    const connection = await openRaw(service)
    connection.pause()
    await connection.write(
      `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n`,
    )
    await connection.write(body)
    connection.resume()
    expect(await connection.answer()).toBeProblem(400)
    connection.destroy()
  })

  const refused = `PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n`

  it('gets the end of the connection with its answer, and no other request is served', async () => {
    const connection = await openRaw(service, refused.replace('999999999', '10'))
    const answer = await connection.answer()
    expect(answer).toBeProblem(404)
    expect(answer.headers.get('connection')).toBe('close')
    await connection.write(
      `0123456789PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nsmuggled`,
    )
    expect(await connection.rest()).toHaveLength(0)
    connection.destroy()
    expect((await send(service, filesPath)).body).toEqual([])
  })

  it.each([
    [
      'sends without end',
      async (write: (bytes: Uint8Array) => Promise<boolean>) => {
        for (let count = 0; count < 10 && (await write(body)); count++);
      },
    ],
    ['falls silent', async () => {}],
  ])('is cut when it %s', async (_case, work) => {
    const accepted = once(service.server, 'connection')
    const connection = await openRaw(service, refused)
    const [ours] = (await accepted) as [Socket]
    const closed = once(ours, 'close')
    await connection.answer()
    await work((bytes) => connection.write(bytes))
    await closed
    expect(ours.bytesRead).toBeLessThan(80_000_000)
    connection.destroy()
  })

  it('is cut first when too many others send as well', async () => {
    const count = () =>
      new Promise<number>((resolve, reject) => {
        service.server.getConnections((error, number) => (error ? reject(error) : resolve(number)))
      })
    const others = await count()
    const connections = await Promise.all(Array.from({ length: 300 }, () => openRaw(service, refused)))
    const sending = new AbortController()
    const dribbling = (async () => {
      while (!sending.signal.aborted) {
        for (const connection of connections) void connection.write('x')
        await sleep(200)
      }
    })()
    await Promise.all(connections.map((connection) => connection.answer()))
    await eventually(async () => expect(await count()).toBeLessThanOrEqual(others + 256))
    expect(await count()).toBeGreaterThan(200)
    expect((await rawRequest(service, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(200)
    sending.abort()
    await dribbling
    for (const connection of connections) connection.destroy()
  })
})
