import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { type Oracle, openVolumeFiles, watchService } from '../support/oracle.ts'
import { openRaw } from '../support/rawRequest.ts'
import { bytesOf } from '../support/volume.ts'

/** Around the limits of a piece, and of a file that is sent as a whole. */
const sizes = [1, 4096, 16_384, 16_385, 65_536, 65_537]
/** More than a quarter of the memory of downloads is never taken by small files. */
const QUARTER = 8 * 2 ** 20

const settings = { STALL_SECONDS: '2', READ_GRACE_SECONDS: '0' }

describeService('downloads of small files', settings, (service) => {
  const files = new Map<number, { readonly bytes: Buffer; readonly file: FileBody }>()
  let oracle: Oracle
  beforeAll(async () => {
    for (const size of sizes) files.set(size, await stored(size))
    oracle = watchService(service)
  })
  afterAll(() => oracle.stop())

  async function stored(size: number) {
    const bytes = randomBytes(size)
    const { body: file } = await upload(service, bytes)
    return { bytes, file }
  }

  function fileOf(size: number) {
    const found = files.get(size)
    if (!found) throw new Error(`There is no file of ${size} bytes.`)
    return found
  }

  async function keyOf({ id }: FileBody): Promise<string> {
    const { rows } = await sql<{ key: string }>`
      select storage_key as key from blobs join files on blob_id = blobs.id where files.id = ${id}::uuid
    `.execute(service.deps.db)
    return rows[0]?.key ?? ''
  }

  const request = (size: number, headers = '') =>
    `GET ${filesPath}/${fileOf(size).file.id}/content HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

  /** Expects that no download has memory, or a file of the volume, any more. */
  const expectAllGivenBack = () =>
    eventually(() => {
      const giveBack = service.deps.blockPool.takeBytes(QUARTER)
      expect(giveBack).toBeDefined()
      giveBack?.()
      expect(openVolumeFiles(service)).toEqual([])
    })

  describe.each(sizes)('A file of %d bytes', (size) => {
    it('is sent whole, by HEAD without its bytes, and in part', async () => {
      const { bytes, file } = fileOf(size)
      const whole = await download(service, file.id)
      expect([whole.status, whole.bytes.equals(bytes)]).toEqual([200, true])
      expect(whole.headers.get('content-length')).toBe(String(size))
      const head = await send(service, file.content_url, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)])
      for (const [first, last] of [
        [0, 0],
        [size >> 1, size - 1],
        [size - 1, size - 1],
      ] as const) {
        const part = await download(service, file.id, { headers: { range: `bytes=${first}-${last}` } })
        expect([part.status, part.bytes.equals(bytes.subarray(first, last + 1))]).toEqual([206, true])
      }
      const unchanged = { headers: { 'if-none-match': `"${file.file_hash}"` } }
      expect((await download(service, file.id, unchanged)).status).toBe(304)
    })

    it('is sent to each of many requests that come at once on one connection', async () => {
      const connection = await openRaw(service, request(size).repeat(100))
      for (let count = 0; count < 100; count++) {
        const { status, bytes } = await connection.answer()
        expect([status, bytes.equals(fileOf(size).bytes)]).toEqual([200, true])
      }
      connection.destroy()
      await expectAllGivenBack()
    })

    it.each<[string, (bytes: Buffer) => Buffer | undefined]>([
      ['has another bit', (bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1) as Buffer],
      ['is shorter', (bytes) => bytes.subarray(1)],
      ['is empty', () => Buffer.alloc(0)],
      ['is gone', () => undefined],
    ])('is refused when it %s on the storage, and is healed by an upload of its bytes', async (_, change) => {
      const { bytes, file } = await stored(size)
      await bytesOf(service).change(await keyOf(file), change)
      for (const headers of [{}, { range: 'bytes=0-0' }])
        expect(await download(service, file.id, { headers })).toBeProblem(500, 'file-damaged')
      const { rows } = await sql<{ damaged: boolean }>`
        select damaged_at is not null as damaged from blobs where storage_key = ${await keyOf(file)}
      `.execute(service.deps.db)
      expect(rows).toEqual([{ damaged: true }])
      expect((await upload(service, bytes)).status).toBe(403)
      expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
    })

    it('is whole, or not found, while it is deleted and its bytes are removed', async () => {
      const { bytes, file } = await stored(size)
      const readings = Array.from({ length: 20 }, () => download(service, file.id))
      await send(service, `${filesPath}/${file.id}`, { method: 'DELETE' })
      readings.push(...Array.from({ length: 20 }, () => download(service, file.id)))
      await service.maintain()
      for (const answer of await Promise.all(readings)) {
        if (answer.status === 200) expect(answer.bytes.equals(bytes)).toBe(true)
        else expect(answer).toBeProblem(404, 'file-not-found')
      }
      expect(await download(service, file.id)).toBeProblem(404, 'file-not-found')
    })

    it('is of no consequence to a client that has left', async () => {
      for (let count = 0; count < 30; count++) {
        const connection = await openRaw(service, request(size).repeat(1 + (count % 3)))
        if (count % 2 === 0) connection.reset()
        else connection.destroy()
      }
      await expectAllGivenBack()
      await oracle.expectNobodyConnected()
    })
  })

  describe('A client that takes nothing', () => {
    it('has its file counted until it is cut', async () => {
      const opened = once(service.server, 'connection') as Promise<[Socket]>
      const connection = await openRaw(service)
      connection.pause()
      const [socket] = await opened
      const cut = once(socket, 'close', { signal: AbortSignal.timeout(60_000) })
      // The system takes the first answers for its client.
      await connection.write(request(65_536).repeat(100))
      await eventually(() => expect(socket.writableLength).toBeGreaterThan(0))
      expect(service.deps.blockPool.takeBytes(QUARTER)).toBeUndefined()
      await cut
      await expectAllGivenBack()
      connection.destroy()
    })

    it('leaves other clients their small files, also when the memory of small files is taken', async () => {
      const giveBack = service.deps.blockPool.takeBytes(QUARTER)
      expect(giveBack).toBeDefined()
      try {
        for (const size of sizes)
          expect((await download(service, fileOf(size).file.id)).bytes.equals(fileOf(size).bytes)).toBe(true)
      } finally {
        giveBack?.()
      }
    })
  })
})
