import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { file, formBody, formRequest, formType, type RawPart } from '../support/rawForm.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'

const limit = 300_000

describeService(
  'sizes of uploads',
  { MAX_FILE_SIZE: String(limit), ALLOWED_TYPES: 'text/plain' },
  (service) => {
    let oracle: Oracle
    beforeAll(async () => {
      oracle = watchService(service)
    })
    afterEach(() => oracle.expectAlive())
    afterAll(() => oracle.expectUnharmed())
    afterAll(async () => {
      oracle.stop()
    })

    type Bytes = string | Buffer
    const hex = (bytes: Bytes) => Buffer.byteLength(bytes).toString(16)
    const chunk = (bytes: Bytes) =>
      Buffer.concat([Buffer.from(`${hex(bytes)}\r\n`), Buffer.from(bytes), Buffer.from('\r\n')])
    const put = (headers: string, body: Bytes) =>
      Buffer.concat([
        Buffer.from(`PUT ${filesPath} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`),
        Buffer.from(body),
      ])
    const inChunks = (body: Buffer) =>
      Buffer.concat([chunk(body.subarray(0, 1000)), chunk(body.subarray(1000)), chunk('')])
    const chunkedForm = (body: Bytes) => formRequest(body, [formType, 'Transfer-Encoding: chunked'])

    const ways = [
      ['a form', (bytes: Buffer) => formRequest(formBody([file(bytes)]))],
      ['a form in chunks', (bytes: Buffer) => chunkedForm(inChunks(formBody([file(bytes)])))],
      ['a raw body', (bytes: Buffer) => put(`Content-Length: ${bytes.length}`, bytes)],
      ['a raw body in chunks', (bytes: Buffer) => put('Transfer-Encoding: chunked', inChunks(bytes))],
    ] as const

    describe.each(ways)('The largest file there may be, as %s', (way, requestOf) => {
      it.each([
        ['is taken one byte below it', limit - 1, 201],
        ['is taken', limit, 201],
        ['is refused one byte above it', limit + 1, 413],
        ['is refused far above it', limit * 2, 413],
      ])('%s', async (_name, size, status) => {
        const answer = await rawRequest(service, requestOf(Buffer.alloc(size, `${way} of ${size} bytes `)))
        expect(answer.status).toBe(status)
        if (status === 413) expect(answer).toBeProblem(413, 'file-too-large')
      })
    })

    describe('What is announced as too large', () => {
      it.each([
        ['a form', formRequest('', [formType, `Content-Length: ${limit + 2 ** 20 + 1}`])],
        ['a raw body', put(`Content-Length: ${limit + 1}`, '')],
        ['a raw body of 2^64 - 1 bytes', put('Content-Length: 18446744073709551615', '')],
      ])('is refused before any of it comes: %s', async (_name, head) => {
        const connection = await openRaw(service, head)
        const answer = await connection.answer()
        expect(answer).toBeProblem(413, 'file-too-large')
        expect(answer.headers.get('connection')).toBe('close')
        await connection.rest()
        connection.destroy()
      })
    })

    describe('A client that sends on', () => {
      const begun = formBody([file(Buffer.alloc(limit + 1, 'too much '))]).subarray(0, -7)
      const partOf = (name: string): RawPart => ({
        headers: [`Content-Disposition: form-data; name="${name}"`],
        bytes: '',
      })
      const tinyParts = formBody(Array.from({ length: 50_000 }, (_, at) => partOf(`part${at}`)))
      const sameParts = formBody(Array.from({ length: 50_000 }, () => partOf('file_name')))
      const headerLines = Buffer.from(`--b\r\n${'X: y\r\n'.repeat(500_000)}`)
      const longText = Buffer.concat([
        formBody([partOf('metadata')]).subarray(0, -7),
        Buffer.alloc(3_000_000, 'x'),
      ])

      it.each([
        ['the file is too large', chunkedForm(chunk(begun)), [413]],
        ['the raw body is too large', put('Transfer-Encoding: chunked', chunk(begun)), [413]],
        [
          'the type is none that is taken',
          put('Transfer-Encoding: chunked\r\nContent-Type: image/png', chunk(begun)),
          [413],
        ],
        ['there are 50,000 unknown parts', chunkedForm(chunk(tinyParts)), [400, 413]],
        ['one part comes 50,000 times', chunkedForm(chunk(sameParts)), [400, 413]],
        ['a part has 500,000 headers', chunkedForm(chunk(headerLines)), [400]],
        ['a text does not end', chunkedForm(chunk(longText)), [413]],
        [
          'the body is none',
          formRequest(chunk('x'), [formType, 'Transfer-Encoding: chunked', 'Content-Encoding: br']),
          [415],
        ],
      ])('is answered at once and cut when %s', async (_name, beginning, statuses) => {
        const { connection, ours } = await openWatched()
        void keepSending(beginning)
        const answer = await connection.answer()
        expect(statuses).toContain(answer.status)
        expect(answer.headers.get('connection')).toBe('close')
        await connection.rest()
        if (!ours.closed) await once(ours, 'close')
        connection.destroy()

        async function keepSending(bytes: Bytes) {
          const more = chunk(Buffer.alloc(200_000, 'x'))
          let going = await connection.write(bytes)
          for (let count = 0; count < 40 && going; count++) going = await connection.write(more)
        }
      })

      it.each([
        ['the file is too large', chunkedForm(chunk(begun)), 413],
        ['the raw body is too large', put('Transfer-Encoding: chunked', chunk(begun)), 413],
      ])('no more is answered at once and cut when %s', async (_name, beginning, status) => {
        const { connection, ours } = await openWatched()
        await connection.write(beginning)
        expect(await connection.answer()).toBeProblem(status)
        await connection.rest()
        if (!ours.closed) await once(ours, 'close')
        connection.destroy()
      })

      /** A connection, and the end of it that the service holds. */
      async function openWatched() {
        const accepted = once(service.server, 'connection')
        const connection = await openRaw(service)
        const [ours] = (await accepted) as [Socket]
        return { connection, ours }
      }
    })

    describe('A file of a type that is not taken', () => {
      const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(100)])

      it.each(ways)('is refused when it comes as %s', async (_way, requestOf) => {
        expect(await rawRequest(service, requestOf(png))).toBeProblem(415, 'type-not-allowed')
      })

      it.each(ways)('is refused as too large when it is that too, as %s', async (_way, requestOf) => {
        expect(await rawRequest(service, requestOf(Buffer.concat([png, Buffer.alloc(limit)])))).toBeProblem(
          413,
        )
      })

      it('is refused when it comes slowly', async () => {
        const request = put(`Content-Length: ${png.length}`, png)
        const connection = await openRaw(service, request.subarray(0, -100))
        await sleep(300)
        await connection.write(request.subarray(-100))
        expect(await connection.answer()).toBeProblem(415, 'type-not-allowed')
        connection.destroy()
      })
    })
  },
)
