import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { type FileBody, filesPath, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw } from '../support/rawRequest.ts'

describeService('A client that waits for 100', { MAX_FILE_SIZE: '1000' }, (service) => {
  let oracle: Oracle
  let file: FileBody
  beforeAll(async () => {
    oracle = watchService(service)
    file = (await upload(service, 'a file to change')).body
  })
  afterEach(() => oracle.expectAlive())
  afterAll(() => oracle.expectUnharmed())
  afterAll(async () => {
    oracle.stop()
  })

  const request = (line: string, headers: string, version = '1.1') =>
    `${line} HTTP/${version}\r\nHost: x\r\n${headers}\r\n\r\n`
  const form = 'Content-Type: multipart/form-data; boundary=b'
  const expects = 'Expect: 100-continue'

  it.each([
    ['a raw file that is too large', `PUT ${filesPath}`, 'Content-Length: 1001', 413],
    ['a form that is too large', `POST ${filesPath}`, `${form}\r\nContent-Length: 1049577`, 413],
    ['a form that is none', `POST ${filesPath}`, 'Content-Type: text/plain\r\nContent-Length: 5', 415],
    ['a packed form', `POST ${filesPath}`, `${form}\r\nContent-Encoding: gzip\r\nContent-Length: 5`, 415],
    ['a packed file', `PUT ${filesPath}`, 'Content-Encoding: gzip\r\nContent-Length: 5', 415],
    [
      'a form without a boundary',
      `POST ${filesPath}`,
      'Content-Type: multipart/form-data\r\nContent-Length: 5',
      400,
    ],
    ['a broken digest', `PUT ${filesPath}`, 'Content-Digest: sha-256=x\r\nContent-Length: 5', 400],
    ['a part of a file', `PUT ${filesPath}`, 'Content-Range: bytes 0-4/9\r\nContent-Length: 5', 400],
    ['a key with a blank', `PUT ${filesPath}`, 'Idempotency-Key: a b\r\nContent-Length: 5', 400],
    ['a bucket that is none', `PUT ${filesPath}?bucket=NOT_VALID`, 'Content-Length: 5', 400],
    ['a parameter that is none', `PUT ${filesPath}?colour=red`, 'Content-Length: 5', 400],
    [
      'a form with a bad parameter',
      `POST ${filesPath}?duplicates=maybe`,
      `${form}\r\nContent-Length: 5`,
      400,
    ],
    [
      'changes with a bad parameter',
      `PUT ${filesPath}/x?bucket=A`,
      'Content-Type: application/json\r\nContent-Length: 5',
      400,
    ],
    ['an address without anything', 'PUT /nowhere', 'Content-Length: 5', 404],
    ['a method there is not', `PATCH ${filesPath}`, 'Content-Length: 5', 405],
    ['an answer it does not take', `PUT ${filesPath}`, 'Accept: image/png\r\nContent-Length: 5', 406],
    ['changes that are not JSON', `PUT ${filesPath}/x`, 'Content-Type: text/plain\r\nContent-Length: 5', 415],
  ])('is not asked for %s', async (_name, line, headers, status) => {
    const connection = await openRaw(service, request(line, `${expects}\r\n${headers}`))
    expect(await connection.answer()).toBeProblem(status)
    connection.destroy()
  })

  const part = '--b\r\nContent-Disposition: form-data; name="upfile"; filename="a"\r\n\r\na form\r\n--b--\r\n'
  it.each([
    ['a raw file', `PUT ${filesPath}`, '', 'a raw file'],
    [
      'a raw file with parameters',
      `PUT ${filesPath}?expires_in=60&bucket=a&file_name=a%20b&metadata={}`,
      '',
      'b',
    ],
    ['a form', `POST ${filesPath}`, `${form}\r\n`, part],
    [
      'changes',
      () => `PUT ${filesPath}/${file.id}`,
      'Content-Type: application/json\r\n',
      '{"file_name":"new"}',
    ],
  ])('is asked once for %s', async (_name, line, headers, body) => {
    const head = request(
      typeof line === 'string' ? line : line(),
      `${headers}Content-Length: ${body.length}\r\n${expects}`,
    )
    const connection = await openRaw(service, head)
    expect((await connection.answer()).status).toBe(100)
    await connection.write(body)
    expect((await connection.answer()).status).toBe(201)
    await connection.write(request('GET /livez', 'Connection: close'))
    expect((await connection.answer()).status).toBe(200)
    expect(await connection.rest()).toHaveLength(0)
    connection.destroy()
  })

  it.each([
    ['a large body', `PUT ${filesPath}?bucket=NOT_VALID`, 'Content-Length: 1048577'],
    ['a large form', `POST ${filesPath}?colour=red`, `${form}\r\nContent-Length: 1048577`],
    ['a body of unknown length', `PUT ${filesPath}?expires_in=soon`, 'Transfer-Encoding: chunked'],
  ])('is refused as early when it does not wait, for bad parameters of %s', async (_name, line, headers) => {
    const connection = await openRaw(service, request(line, headers))
    expect(await connection.answer()).toBeProblem(400, 'bad-request')
    connection.destroy()
  })

  it('but speaks HTTP/1.0 gets only the answer', async () => {
    const head = request(`PUT ${filesPath}`, `Content-Length: 4\r\n${expects}`, '1.0')
    const connection = await openRaw(service, `${head}1.0!`)
    expect((await connection.answer()).status).toBe(201)
    connection.destroy()
  })

  it.each(['200-ok', '100-continue, 100-continue', '"100-continue"', '100'])(
    'The expectation %s is not met',
    async (expectation) => {
      const head = request(`PUT ${filesPath}`, `Content-Length: 5\r\nExpect: ${expectation}`)
      const connection = await openRaw(service, head)
      expect(await connection.answer()).toBeProblem(417)
      connection.destroy()
    },
  )
})
