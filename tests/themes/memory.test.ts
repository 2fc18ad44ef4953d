import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { get, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { type FileBody, filesPath } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { memoryOf } from '../support/memoryOf.ts'
import { openRaw } from '../support/rawRequest.ts'

const MIB = 2 ** 20
const LARGE = 200
const GROWTH_MIB = 96
/** For more of them, the kernel's own memory for TCP is too small on many machines; the bench has 2,000. */
const READERS = 600
/** The buffers of connections to S3 come on top. */
const READERS_GROWTH_MIB = process.env.TEST_STORAGE === 's3' ? 192 : 96
/** Connections to PostgreSQL and S3, at most. */
const OTHER_SOCKETS = 100
const PATIENCE_MILLISECONDS = 180_000

let installation: Installation
let service: ChildService
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  service = await installation.start()
  // Memory that a process needs once does not count.
  for (const store of [post, put])
    expect(await download(await store(generate(8)))).toMatchObject({ size: 8 * MIB })
}, PATIENCE_MILLISECONDS)
afterAll(async () => {
  await service.stop()
  await installation.remove()
})

/** Yields n MiB of new bytes, made while they are sent. */
function generate(mebibytes: number) {
  const block = randomBytes(MIB)
  const hash = createHash('sha256')
  return {
    hash,
    *[Symbol.iterator]() {
      for (let index = 0; index < mebibytes; index++) {
        const piece = Buffer.concat([Buffer.from(String(index).padStart(8)), block.subarray(8)])
        hash.update(piece)
        yield piece
      }
    },
  }
}
type Bytes = ReturnType<typeof generate>

async function send(method: string, headers: Readonly<Record<string, string>>, body: Iterable<Buffer>) {
  const sending = request(`${service.url}${filesPath}`, { method, headers })
  const [[answer]] = await Promise.all([once(sending, 'response'), pipeline(body, sending)])
  expect(answer.statusCode).toBe(201)
  return JSON.parse(await text(answer)) as FileBody
}

async function put(bytes: Bytes) {
  const file = await send('PUT', {}, bytes)
  expect(file.file_hash).toBe(bytes.hash.digest('hex'))
  return file
}

async function post(bytes: Bytes) {
  function* form() {
    yield Buffer.from('--edge\r\nContent-Disposition: form-data; name="upfile"; filename="large"\r\n\r\n')
    yield* bytes
    yield Buffer.from('\r\n--edge--\r\n')
  }
  const file = await send('POST', { 'Content-Type': 'multipart/form-data; boundary=edge' }, form())
  expect(file.file_hash).toBe(bytes.hash.digest('hex'))
  return file
}

async function download({ id, file_hash }: FileBody) {
  const [answer] = await once(get(`${service.url}${filesPath}/${id}/content`), 'response')
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of answer) {
    hash.update(chunk)
    size += chunk.length
  }
  expect(hash.digest('hex')).toBe(file_hash)
  return { size }
}

async function openIdle(id: string) {
  const reader = await openRaw({ port: Number(new URL(service.url).port) })
  reader.pause()
  await reader.write(`GET ${filesPath}/${id}/content HTTP/1.1\r\nHost: x\r\n\r\n`)
  return reader
}

async function sockets() {
  const files = await readdir(`/proc/${service.pid}/fd`)
  const links = await Promise.allSettled(files.map((file) => readlink(`/proc/${service.pid}/fd/${file}`)))
  return links.filter((link) => link.status === 'fulfilled' && link.value.startsWith('socket:')).length
}

describe('The memory of the service', () => {
  it.each([
    ['a form', post],
    ['a raw body', put],
  ])(
    `does not grow with %s of ${LARGE} MiB, nor with its download`,
    async (_case, store) => {
      const before = await memoryOf(service)
      const file = await store(generate(LARGE))
      expect(file.file_size).toBe(LARGE * MIB)
      expect((await download(file)).size).toBe(LARGE * MIB)
      expect((await memoryOf(service)).peak - before.now).toBeLessThan(GROWTH_MIB)
    },
    PATIENCE_MILLISECONDS,
  )

  it(
    'does not grow with several at once',
    async () => {
      const before = await memoryOf(service)
      const files = await Promise.all([post, put, post, put].map((store) => store(generate(LARGE / 4))))
      await Promise.all(files.map(download))
      expect((await memoryOf(service)).peak - before.now).toBeLessThan(GROWTH_MIB)
    },
    PATIENCE_MILLISECONDS,
  )

  it('keeps no thread that holds memory of uploads when none come', async () => {
    const threads = async () => {
      const names = (await readdir(`/proc/${service.pid}/task`)).map((task) =>
        readFile(`/proc/${service.pid}/task/${task}/comm`, 'utf8').catch(() => ''),
      )
      return (await Promise.all(names)).filter((name) => name.trim() === 'WorkerThread').length
    }
    await put(generate(1))
    expect(await threads()).toBeGreaterThan(0)
    await eventually(async () => expect(await threads()).toBe(0)) // only small files have a thread that stays
    await put(generate(1))
  })

  it(
    `does not grow with ${READERS} readers that take nothing, and goes back; meanwhile it answers`,
    async () => {
      const { id } = await put(generate(8))
      const before = await memoryOf(service)
      await (await fetch(`${service.url}/livez`)).text() // the connection stays open: the kernel may delay a new one
      const readers: Awaited<ReturnType<typeof openIdle>>[] = []
      while (readers.length < READERS)
        readers.push(...(await Promise.all(Array.from({ length: 200 }, () => openIdle(id)))))
      for (let second = 0; second < 5; second++) {
        await sleep(1000) // for the service to send what the kernel takes
        const asked = performance.now()
        expect(await (await fetch(`${service.url}/livez`)).text()).not.toBe('')
        expect(performance.now() - asked).toBeLessThan(2000)
      }
      expect((await memoryOf(service)).peak - before.now).toBeLessThan(READERS_GROWTH_MIB)
      expect(await sockets()).toBeLessThan(readers.length + OTHER_SOCKETS)
      for (const reader of readers) reader.destroy()
      await eventually(async () =>
        expect((await memoryOf(service)).now - before.now).toBeLessThan(READERS_GROWTH_MIB / 2),
      )
    },
    PATIENCE_MILLISECONDS,
  )
})
