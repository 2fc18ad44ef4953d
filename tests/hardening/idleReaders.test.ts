import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterEach, beforeAll, expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { openRaw, type RawConnection } from '../support/rawRequest.ts'
import { bytesOf } from '../support/volume.ts'

/** More than there are buffers for blocks. */
const READERS = 64
/** More than the kernel takes for a client that does not read. */
const bytes = randomBytes(6 * 2 ** 20)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

describeService('readers that take nothing', (service) => {
  let file: FileBody
  let readers: RawConnection[]
  /** The service's ends of the connections. */
  const sockets = new Set<Socket>()
  beforeAll(async () => {
    service.server.on('connection', (socket: Socket) => sockets.add(socket))
    file = (await upload(service, bytes)).body
  })
  afterEach(() => {
    for (const reader of readers) reader.destroy()
    sockets.clear()
  })

  /** Readers that take nothing, once the service waits for all of them. */
  async function open(headers = ''): Promise<RawConnection[]> {
    const opened = await Promise.all(Array.from({ length: READERS }, () => get(headers)))
    await eventually(() => {
      const waitedFor = [...sockets].filter(({ writableLength }) => writableLength > 0).length
      expect(waitedFor).toBe(READERS)
    })
    return opened
  }

  const get = (headers: string) =>
    ask(`GET ${filesPath}/${file.id}/content HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`)

  /** Sends a request and reads nothing. */
  async function ask(text: string): Promise<RawConnection> {
    const reader = await openRaw(service)
    reader.pause()
    await reader.write(text)
    return reader
  }

  /** The body of the file, as far as it came before the service closed the connection; undefined for a problem. */
  async function bodyOf(reader: RawConnection): Promise<Buffer | undefined> {
    reader.resume()
    const answer = await reader.rest()
    reader.destroy()
    return /^HTTP\/1.1 20[06]/.test(answer.toString('latin1', 0, 12))
      ? answer.subarray(answer.indexOf('\r\n\r\n') + 4)
      : undefined
  }

  /** The hashes of all bodies, a few at a time. */
  async function hashesOf(all: RawConnection[]): Promise<Set<string>> {
    const hashes = new Set<string>()
    while (all.length > 0)
      for (const body of await Promise.all(all.splice(0, 16).map(bodyOf)))
        hashes.add(body ? sha256(body) : 'a problem')
    return hashes
  }

  it('keep nobody from reading, and get exactly the file once they read', async () => {
    readers = await open()
    const other = await download(service, file.id)
    expect(sha256(other.bytes)).toBe(file.file_hash)
    expect(await hashesOf(readers)).toEqual(new Set([file.file_hash]))
  })

  it('are cut when the pages of lists that they asked for fill the memory', async () => {
    const metadata = JSON.stringify({ text: 'm'.repeat(65_000) })
    const stored = Array.from({ length: 64 }, (_, index) =>
      upload(service, `file ${index}`, { fields: { bucket: 'heavy', metadata } }),
    )
    for (const { status } of await Promise.all(stored)) expect(status).toBe(201)
    // The kernel takes the first pages for its client.
    const list = `GET ${filesPath}?bucket=heavy HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(4)
    readers = await Promise.all(Array.from({ length: 48 }, () => ask(list)))
    await eventually(() => {
      expect([...sockets].filter(({ destroyed }) => destroyed).length).toBeGreaterThan(8)
    })
    expect((await send<FileBody[]>(service, `${filesPath}?bucket=heavy`)).body).toHaveLength(64)
    // Soon, because an answer counts once the kernel has taken what it takes.
    await eventually(() => {
      const waiting = [...sockets].map((socket) => (socket.destroyed ? 0 : socket.writableLength))
      expect(waiting.reduce((sum, bytes) => sum + bytes)).toBeLessThan(97 * 2 ** 20)
    })
  })

  it('get exactly the range that they asked for', async () => {
    const [first, last] = [500_000, 5_900_000]
    readers = await open(`Range: bytes=${first}-${last}\r\n`)
    expect(await hashesOf(readers)).toEqual(new Set([sha256(bytes.subarray(first, last + 1))]))
  })

  it('get no byte that was damaged while they took nothing', async () => {
    const { storageKey } = await service.deps.db
      .selectFrom('blobs')
      .select('storage_key as storageKey')
      .executeTakeFirstOrThrow()
    readers = await open()
    await bytesOf(service).change(storageKey, (sound) => sound.map((byte) => byte ^ 1) as Buffer)
    const bodies = await Promise.all(readers.map(bodyOf))
    for (const body of bodies)
      expect(body === undefined || body.equals(bytes.subarray(0, body.length))).toBe(true)
    expect(bodies.some((body) => body && body.length < bytes.length)).toBe(true)
  })
})
