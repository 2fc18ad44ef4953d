import { randomUUID } from 'node:crypto'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ServiceBehindProxy, startServiceBehindProxy } from '../support/brokenDatabase.ts'
import { createInstallation } from '../support/childService.ts'
import {
  type Answer,
  download,
  type FileBody,
  filesPath,
  freshText,
  putRaw,
  send,
} from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { armFailpoints } from '../support/service.ts'
import { unfinished, volumeOf } from '../support/volume.ts'

let behind: ServiceBehindProxy
beforeAll(async () => {
  behind = await startServiceBehindProxy({ LEASE_SECONDS: '3' })
})
afterEach(() => armFailpoints(''))
afterAll(() => behind.stop())

const optionsOf = (keyed: boolean) => ({ headers: keyed ? { 'idempotency-key': randomUUID() } : {} })

describe('a commit whose connection breaks', () => {
  it.each([
    ['U9', false],
    ['U9', true],
    ['U10', true],
    ['U11', true],
    ['U12', true],
  ])('did not happen when it breaks before COMMIT (%s, Idempotency-Key: %s)', async (point, keyed) => {
    const [text, options] = [freshText(), optionsOf(keyed)]
    await armFailpoints(`${point}=ECONNRESET@1`)
    expect(await putRaw(behind.service, text, options)).toBeProblem(503, 'database-unavailable')
    const again = await putRaw(behind.service, text, options)
    expect(again.status).toBe(201)
    expect(again.headers.has('idempotency-replayed')).toBe(false)
  })

  it.each([false, true])('happened when it breaks after COMMIT (Idempotency-Key: %s)', async (keyed) => {
    const text = freshText()
    await armFailpoints('U13=ECONNRESET')
    const answer = await putRaw(behind.service, text, optionsOf(keyed))
    expect(answer.status).toBe(201)
    expect((await download(behind.service, answer.body.id)).bytes.toString()).toBe(text)
  })
})

describe('a heal whose connection breaks after COMMIT', () => {
  it.each([false, true])('shows the file that has the bytes (Idempotency-Key: %s)', async (keyed) => {
    const text = freshText()
    const { body } = await putRaw(behind.service, text)
    const [row] = await behind.query("select storage_key from blobs where sha256 = decode($1, 'hex')", [
      body.file_hash,
    ])
    await truncate(join(volumeOf(behind.service), 'blobs', String(row?.storage_key)), 3)
    await armFailpoints('U13=ECONNRESET')
    const answer = await putRaw(behind.service, text, optionsOf(keyed))
    expect(answer).toBeProblem(403, 'file-exists')
    expect(answer.body).toMatchObject({ file: { id: body.id } })
    expect((await download(behind.service, body.id)).bytes.toString()).toBe(text)
    await behind.service.maintain()
    expect(await behind.service.violations()).toEqual([])
  })
})

describe('an upload whose intent was reaped', () => {
  /** Sends a first part, has the intent reaped, and goes on. */
  async function* interrupted(parts: number) {
    yield Buffer.from(freshText())
    await eventually(async () => {
      await behind.query("update intents set lease_expires_at = now() - interval '1 minute'")
      await behind.service.maintain()
      expect(await behind.query('select from intents')).toEqual([])
    })
    for (let part = 0; part < parts; part++) {
      yield Buffer.from(freshText())
      await sleep(100)
    }
  }

  const put = (parts: AsyncIterable<Buffer>, keyed: boolean): Promise<Answer<FileBody>> =>
    send<FileBody>(behind.service, filesPath, {
      ...optionsOf(keyed),
      method: 'PUT',
      body: ReadableStream.from(parts),
      duplex: 'half',
    } as RequestInit)

  it.each([false, true])('is fenced off, and its bytes go (Idempotency-Key: %s)', async (keyed) => {
    expect(await put(interrupted(1), keyed)).toBeProblem(503, 'upload-fenced')
    await behind.service.maintain()
    expect(await unfinished(behind.service)).toEqual([])
    expect(await behind.service.violations()).toEqual([])
    expect((await putRaw(behind.service, freshText())).status).toBe(201)
  })

  it('is told so while it still sends', async () => {
    let sent = 0
    async function* counted() {
      for await (const part of interrupted(200)) {
        sent += 1
        yield part
      }
    }
    expect(await put(counted(), false)).toBeProblem(503, 'upload-fenced')
    expect(sent).toBeLessThan(150)
  })

  it('keeps its intent as long as it sends', async () => {
    async function* slow() {
      yield Buffer.from(freshText())
      // Of the keys that were reserved together, the one in use gets a longer lease.
      const renewed = `select from intents
        where lease_expires_at > (select min(lease_expires_at) from intents) + interval '500 ms'`
      await eventually(async () => expect(await behind.query(renewed)).not.toEqual([]))
      yield Buffer.from(freshText())
    }
    await behind.query("update intents set lease_expires_at = now() - interval '1 minute'")
    await behind.service.maintain()
    behind.service.deps.keys.discard()
    expect((await put(slow(), false)).status).toBe(201)
  })
})

describe('an upload whose form goes on after its file', () => {
  it('keeps its intent until the form ends', async () => {
    const part = (name: string) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n`
    const stored = () => readdir(join(volumeOf(behind.service), 'blobs'), { recursive: true })
    const longestLease = () => behind.query('select max(lease_expires_at) from intents')
    async function* form() {
      const before = await stored()
      yield Buffer.from(`${part('upfile; filename=a')}${freshText()}\r\n${part('file_name')}`)
      await eventually(async () => expect((await stored()).length).toBeGreaterThan(before.length))
      const lease = await longestLease()
      await eventually(async () => expect(await longestLease()).not.toEqual(lease))
      yield Buffer.from('late.txt\r\n--b--\r\n')
    }
    const answer = await send<FileBody>(behind.service, filesPath, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: ReadableStream.from(form()),
      duplex: 'half',
    } as RequestInit)
    expect(answer.status).toBe(201)
    expect(answer.body.file_name).toBe('late.txt')
  })
})

describe('two processes on the same database and volume', () => {
  it('make one file of the same bytes, and of the same key', async () => {
    const installation = await createInstallation({ postgres: 'shared' })
    try {
      const processes = await Promise.all([installation.start(), installation.start()])
      for (let round = 0; round < 5; round++) {
        const [text, keyed] = [freshText(), freshText()]
        const headers = { 'idempotency-key': randomUUID() }
        const calls = Array.from({ length: 20 }, (_, index) => processes[index % 2] ?? processes[0])
        const answers = await Promise.all(calls.map((process) => putRaw(process, text)))
        expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
        expect(answers.filter(({ status }) => status === 403)).toHaveLength(19)

        const query = '?duplicates=allow'
        const repeated = await Promise.all(calls.map((process) => putRaw(process, keyed, { query, headers })))
        const stored = repeated.filter(({ status }) => status === 201)
        expect(new Set(stored.map(({ body }) => body.id)).size).toBe(1)
        expect(repeated.filter(({ status }) => status === 409)).toHaveLength(20 - stored.length)
      }
      const { stdout } = await installation.run(['fsck', '--deep'])
      expect(stdout).toMatch(/^violations: 0$/m)
      expect(stdout).toMatch(/^files: 10$/m)
    } finally {
      await installation.remove()
    }
  })
})
