import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { openRaw, type RawAnswer, type RawConnection } from '../support/rawRequest.ts'
import { startService } from '../support/service.ts'

const stallSeconds = 2
const put = (headers: string, body = '') =>
  `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
const half = 'x'.repeat(50)
const formHead = 'Content-Disposition: form-data; name="upfile"; filename="a"'
const form =
  `POST ${filesPath} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n` +
  `Content-Length: 1000\r\n\r\n--b\r\n${formHead}\r\n\r\n${half}`
const changes =
  `PUT ${filesPath}/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11 HTTP/1.1\r\nHost: x\r\n` +
  `Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"file_name":`

/** Content-Length of bodies that come slowly, of a small body and of a larger one. */
const slowSizes = [60_000, 100_000] as const

/** Bodies that do not end, as far as they go. */
const halves = [
  ['a good beginning of a raw body', put('Content-Length: 1000000', 'x'.repeat(700_000))],
  ['a good beginning of a form', form.replace('1000', '1000000') + 'x'.repeat(700_000)],
  ['half of a raw body', put('Content-Length: 100', half)],
  ['a raw body but its last byte', put('Content-Length: 51', half)],
  ['nothing of a raw body', put('Content-Length: 100')],
  ['a chunk and no last chunk', put('Transfer-Encoding: chunked', `32\r\n${half}\r\n`)],
  ['half of a chunk', put('Transfer-Encoding: chunked', `64\r\n${half}`)],
  ['half of a form', form],
  ['half of changes', changes],
] as const

describeService(
  'slow clients',
  { STALL_SECONDS: String(stallSeconds), MINIMUM_BYTES_PER_SECOND: '1000' },
  (service) => {
    let oracle: Oracle
    let large: FileBody
    /** All of them are slow, so all of them begin at once. */
    const silent = new Map<string, Promise<RawAnswer>>()
    const dribbled = new Map<number, Promise<RawAnswer>>()
    let headless: Promise<RawAnswer>[]
    const steady = new Map<number, Promise<RawAnswer>>()

    beforeAll(async () => {
      service.server.headersTimeout = 1000
      oracle = watchService(service)
      large = (await upload(service, Buffer.alloc(32_000_000, 'a large file '))).body
      for (const [name, text] of halves) silent.set(name, answerTo(openRaw(service, text)))
      for (const size of slowSizes) {
        const headers = put(`Content-Length: ${size}`)
        const drip = answerTo(openRaw(service, headers), (connection) => keepWriting(connection, 'x', 50))
        dribbled.set(size, drip)
        const flow = answerTo(openRaw(service, headers), (connection) =>
          keepWriting(connection, 'x'.repeat(size / 100), 60, 100),
        )
        steady.set(size, flow)
      }
      headless = ['', 'GET /livez HTTP/1.1\r\nHost: x\r\nA: '].map((text) => answerTo(openRaw(service, text)))
      await Promise.allSettled([...silent.values(), ...dribbled.values(), ...headless, ...steady.values()])
    })
    afterAll(() => oracle.expectUnharmed())
    afterAll(async () => {
      oracle.stop()
    })

    /** The answer on a connection that the service has to close after it, unless the answer is a good one. */
    async function answerTo(
      opening: Promise<RawConnection>,
      work?: (connection: RawConnection) => Promise<void>,
    ) {
      const connection = await opening
      void work?.(connection)
      try {
        const answer = await connection.answer()
        if (answer.status >= 400) await connection.rest()
        return answer
      } finally {
        connection.destroy()
      }
    }

    async function keepWriting(
      connection: RawConnection,
      text: string,
      everyMilliseconds: number,
      times = 300,
    ) {
      for (let count = 0; count < times && (await connection.write(text)); count++)
        await sleep(everyMilliseconds)
    }

    describe('A body that does not come', () => {
      it.each(halves.map(([name]) => name))('is refused after a silence: %s', async (name) => {
        expect(await silent.get(name)).toBeProblem(408, 'body-too-slow')
      })

      it.each(halves)('is refused when its sender has ended it: %s', async (_name, text) => {
        const connection = await openRaw(service, text)
        connection.end()
        expect(await connection.answer()).toBeProblem(400)
        connection.destroy()
      })

      it.each(slowSizes)('is refused when it dribbles: %d bytes', async (size) => {
        expect(await dribbled.get(size)).toBeProblem(408, 'body-too-slow')
      })

      it('leaves nothing to be seen', async () => {
        expect((await send<FileBody[]>(service, `${filesPath}?max_size=1000`)).body).toEqual([])
      })
    })

    describe('A request', () => {
      it.each(slowSizes)('may take as long as it likes while it makes progress: %d bytes', async (size) => {
        expect(service.server.requestTimeout).toBe(0)
        expect(await steady.get(size)).toMatchObject({ status: 201, body: { file_size: size } })
      })

      it('has to have its headers here in time', async () => {
        for (const answer of headless) expect(await answer).toBeProblem(408)
      })
    })

    describe('A list', () => {
      it('is cut when its reader takes nothing', async () => {
        const metadata = JSON.stringify({ text: 'm'.repeat(65_000) })
        const stored = Array.from({ length: 40 }, (_, n) =>
          upload(service, `file ${n}`, { fields: { bucket: 'heavy', metadata } }),
        )
        for (const { status } of await Promise.all(stored)) expect(status).toBe(201)
        const opened = once(service.server, 'connection')
        const connection = await openRaw(service)
        connection.pause()
        const [socket] = await opened
        const cut = once(socket, 'close', { signal: AbortSignal.timeout(30_000) })
        // The system takes the first answers for its client.
        await connection.write(`GET ${filesPath}?bucket=heavy HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(20))
        await cut
        connection.destroy()
      })
    })

    describe('A connection', () => {
      it('may be silent between two requests for longer than an answer may', async () => {
        const connection = await openRaw(service, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
        expect(await connection.answer()).toMatchObject({ status: 200 })
        await sleep(stallSeconds * 1500)
        await connection.write(put('Content-Length: 3', 'abc'))
        expect(await connection.answer()).toMatchObject({ status: 201 })
        connection.destroy()
      })
    })

    describe('A download', () => {
      const get = () => `GET ${filesPath}/${large.id}/content HTTP/1.1\r\nHost: x\r\n\r\n`

      it('is cut when its reader takes nothing', async () => {
        const connection = await openRaw(service)
        connection.pause()
        await connection.write(get())
        await oracle.expectNobodyConnected()
        connection.resume()
        const received = await connection.rest()
        expect(received.length).toBeGreaterThan(0)
        expect(received.length).toBeLessThan(32_000_000)
        connection.destroy()
      })

      it('is cut when its reader is steady but slower than the slowest rate', async () => {
        const demanding = await startService({
          STALL_SECONDS: '2',
          MINIMUM_BYTES_PER_SECOND: String(8 * 2 ** 20),
        })
        try {
          const { body } = await upload(demanding, Buffer.alloc(40 * 2 ** 20, 'a large file '))
          const response = await fetch(`${demanding.url}${filesPath}/${body.id}/content`)
          const reading = async () => {
            for await (const chunk of response.body ?? []) await sleep(chunk.length / 2000)
          }
          await expect(reading()).rejects.toThrow()
        } finally {
          await demanding.stop()
        }
      })

      it('goes on for a reader that is slow but steady', async () => {
        const began = performance.now()
        const response = await fetch(`${service.url}${filesPath}/${large.id}/content`)
        let received = 0
        for await (const chunk of response.body ?? []) {
          received += chunk.length
          await sleep(8)
        }
        expect(received).toBe(32_000_000)
        expect(performance.now() - began).toBeGreaterThan(stallSeconds * 1000)
      })
    })
  },
)
