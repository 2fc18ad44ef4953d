import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { filesPath } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { field, file, formBody, formRequest, formType } from '../support/rawForm.ts'
import { openRaw, rawRequest } from '../support/rawRequest.ts'

describeService('uploads that are cut off', (service) => {
  let oracle: Oracle
  /** The service's ends of the connections, by the ports of ours. */
  const ours = new Map<number, Socket>()
  beforeAll(async () => {
    oracle = watchService(service)
    service.server.on('connection', (socket: Socket) => ours.set(socket.remotePort ?? 0, socket))
  })
  afterEach(async () => {
    await oracle.expectUnharmed()
    await oracle.expectNobodyConnected()
    const list = `GET ${filesPath} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    expect((await rawRequest(service, list)).body).toEqual([])
  })
  afterAll(async () => {
    oracle.stop()
  })

  /** Runs the work for each item, a few at a time. */
  async function forEach<Item>(items: Iterable<Item>, atOnce: number, work: (item: Item) => Promise<void>) {
    const queue = Iterator.from(items)
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const item of queue) await work(item)
      }),
    )
  }

  const whole = formBody([
    field('file_name', 'cut.txt'),
    file('\r\n--\r\nsome bytes', ['Content-Type: text/plain']),
  ])
  const offsets = Array.from(whole.keys())

  describe('A form that is cut off at any byte', () => {
    it('is refused when that is all its sender announced', async () => {
      await forEach(offsets, 8, async (offset) => {
        expect(await rawRequest(service, formRequest(whole.subarray(0, offset)))).toBeProblem(400)
      })
    })

    it('is refused when its sender announced the rest and says no more', async () => {
      const announced = [formType, `Content-Length: ${whole.length}`]
      await forEach(offsets, 8, async (offset) => {
        const connection = await openRaw(service, formRequest(whole.subarray(0, offset), announced))
        connection.end()
        expect(await connection.answer()).toBeProblem(400)
        connection.destroy()
      })
    })

    it('is nothing when the connection is reset', async () => {
      const announced = [formType, `Content-Length: ${whole.length}`]
      await forEach(offsets, 8, async (offset) => {
        const connection = await openRaw(service, formRequest(whole.subarray(0, offset), announced))
        if (offset % 2 === 0) await sleep(2)
        connection.reset()
      })
    })
  })

  describe('Uploads that are reset at every 64 KiB', () => {
    const step = 65_536
    const steps = 20 // through several batches, and past the size of a small body
    const bytes = Buffer.alloc(steps * step + 1, 'bytes of a large file ')
    const form = formBody([file(bytes)])
    const put = (headers: string) => `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`

    it.each([
      [
        'forms',
        (length: number) =>
          formRequest(form.subarray(0, length), [formType, `Content-Length: ${form.length}`]),
      ],
      [
        'forms in chunks',
        (length: number) =>
          formRequest(inChunks(form.subarray(0, length)), [formType, 'Transfer-Encoding: chunked']),
      ],
      [
        'raw bodies',
        (length: number) =>
          Buffer.concat([Buffer.from(put('Content-Length: 9999999')), bytes.subarray(0, length)]),
      ],
      [
        'raw bodies in chunks',
        (length: number) =>
          Buffer.concat([
            Buffer.from(put('Transfer-Encoding: chunked')),
            inChunks(bytes.subarray(0, length)),
          ]),
      ],
    ])('leave nothing: %s', async (_name, requestOf) => {
      // Each boundary, and the byte before and behind it.
      await forEach(Array(3 * steps).keys(), 10, async (count) => {
        const request = requestOf((1 + Math.floor(count / 3)) * step + (count % 3) - 1)
        const connection = await openRaw(service, request)
        // A reset throws away what was not read yet.
        await eventually(() => expect(ours.get(connection.port)?.bytesRead).toBe(request.length))
        connection.reset()
      })
    })

    const inChunks = (body: Buffer) =>
      Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
  })
})
