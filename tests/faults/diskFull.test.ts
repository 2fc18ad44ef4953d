import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Answer, download, type FileBody, filesPath, putRaw, send } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { kindOfDisk, openSmallDisk, type SmallDisk } from '../support/smallDisk.ts'

const settings = {
  RESERVED_FREE_BYTES: '0',
  MAINTENANCE_INTERVAL_SECONDS: '1',
  SCAN_SECONDS: '1',
  DELETED_RETENTION_SECONDS: '0',
  READ_GRACE_SECONDS: '0',
  LOG_LEVEL: 'critical',
}

let disk: SmallDisk
let kept: FileBody
const keptBytes = randomBytes(500_000)

beforeAll(async () => {
  disk = await openSmallDisk(settings)
  kept = (await putRaw(disk, keptBytes)).body
})
afterAll(() => disk.stop())

/** Uploads bytes without saying how many, so that only the disk can tell that there are too many. */
const putStream = (bytes: Uint8Array, to = disk): Promise<Answer<FileBody>> =>
  send<FileBody>(to, filesPath, {
    method: 'PUT',
    body: new Blob([new Uint8Array(bytes)]).stream(),
    duplex: 'half',
  } as RequestInit)

const ready = async () => (await send(disk, '/readyz')).status

/** Reads go on while writes fail. */
async function expectReadable() {
  expect((await download(disk, kept.id)).bytes.equals(keptBytes)).toBe(true)
  expect((await send(disk, `${filesPath}/${kept.file_hash}`)).status).toBe(200)
  expect((await send(disk, filesPath)).status).toBe(200)
}

async function expectHealed() {
  expect((await putStream(randomBytes(10_000))).status).toBe(201)
  expect((await putStream(randomBytes(1_000_000))).status).toBe(201)
  expect(await ready()).toBe(200)
  await expectReadable()
  expect(await disk.fsck()).toMatch(/^violations: 0$/m)
}

describe(`an upload that fills ${kindOfDisk}`, () => {
  let filled: SmallDisk
  beforeAll(async () => {
    // Time enough to fill it before the first round: there are intents then that the mark does not know of.
    filled = await openSmallDisk({ ...settings, MAINTENANCE_INTERVAL_SECONDS: '2' })
  })
  afterAll(() => filled.stop())

  it('is refused, and its bytes are swept without help from outside', async () => {
    await filled.fillAlmost()
    expect(await putStream(randomBytes(32 * 2 ** 20), filled)).toBeProblem(507, 'storage-full')
    await eventually(async () => expect((await putRaw(filled, randomBytes(500_000))).status).toBe(201))
  })
})

describe(`the room that uploads must leave on ${kindOfDisk}`, () => {
  const MIB = 2 ** 20
  let reserved: SmallDisk
  beforeEach(async () => {
    // Written slowly, as by a disk that is not in memory.
    reserved = await openSmallDisk({
      ...settings,
      RESERVED_FREE_BYTES: String(5 * MIB),
      FAILPOINTS: 'U3=pause:20',
    })
  })
  afterEach(() => reserved.stop())

  it.each([
    ['one that does not say how much comes', () => [putStream(randomBytes(14 * MIB), reserved)]],
    ['two that fit, but not together', () => [8, 7].map((size) => putRaw(reserved, randomBytes(size * MIB)))],
  ])('is kept: %s', async (_case, send) => {
    const answers = await Promise.all(send())
    expect(answers).toContainEqual(expect.objectContaining({ status: 507 }))
  })
})

describe(`uploads that do not fit together on ${kindOfDisk}`, () => {
  let shared: SmallDisk
  beforeEach(async () => {
    // No round of maintenance helps.
    shared = await openSmallDisk({
      ...settings,
      RESERVED_FREE_BYTES: String(5 * 2 ** 20),
      MAINTENANCE_INTERVAL_SECONDS: '3600',
      SCAN_SECONDS: '3600',
      FAILPOINTS: 'U3=pause:5',
    })
  })
  afterEach(() => shared.stop())

  it.each([
    ['without their length', (bytes: Buffer) => putStream(bytes, shared)],
    ['with their length', (bytes: Buffer) => putRaw(shared, bytes)],
  ])('are stored as far as they fit: %s', async (_how, put) => {
    const contents = Array.from({ length: 12 }, () => randomBytes(2_000_000))
    const answers = await Promise.all(contents.map(put))
    const stored = answers.filter(({ status }) => status === 201)
    // 11 MiB hold five of them. A simulated disk is one that others write to.
    if (kindOfDisk === 'a real file system') expect(stored).toHaveLength(5)
    else expect(stored.length).toBeGreaterThan(0)
    for (const answer of answers) if (answer.status !== 201) expect(answer).toBeProblem(507, 'storage-full')
    for (const [index, { status, body }] of answers.entries())
      if (status === 201)
        expect((await download(shared, body.id)).bytes.equals(contents[index] ?? Buffer.alloc(0))).toBe(true)
    expect((await putStream(randomBytes(400_000), shared)).status).toBe(201)
    const checked = await shared.fsck()
    for (const line of ['trash: 0', 'violations: 0']) expect(checked.split('\n')).toContain(line)
  })

  it('leave their room at once to others when they are refused, cut off or not needed', async () => {
    const refused = () =>
      putRaw(shared, randomBytes(6_000_000), {
        headers: { 'content-digest': `sha-256=:${'A'.repeat(43)}=:` },
      })
    const cut = async () => {
      const ending = new AbortController()
      async function* bytes() {
        yield randomBytes(6_000_000)
        ending.abort()
        await sleep(60_000, undefined, { signal: ending.signal }).catch(() => {})
      }
      const body = ReadableStream.from(bytes())
      const init = { method: 'PUT', body, duplex: 'half', signal: ending.signal }
      await send(shared, filesPath, init as RequestInit).catch(() => {})
    }
    const same = randomBytes(5_000_000)
    expect((await putRaw(shared, same)).status).toBe(201)
    for (let round = 0; round < 3; round++) {
      // The service notices the cut a moment later.
      await eventually(async () => expect((await refused()).status).toBe(422))
      for (let time = 0; time < 2; time++) {
        expect((await putRaw(shared, same)).status).toBe(403)
        expect((await refused()).status).toBe(422)
      }
      await cut()
    }
  })
})

describe(`a service on ${kindOfDisk}`, () => {
  it.each([
    ['room', () => disk.fill()],
    ['inodes', () => disk.useUpInodes()],
  ])('refuses uploads when there are no %s left, reads on, and heals', async (_what, takeAll) => {
    await takeAll()
    for (const size of [10, 10_000, 1_000_000]) {
      expect(await putStream(randomBytes(size))).toBeProblem(507, 'storage-full')
      expect(await putRaw(disk, randomBytes(size))).toBeProblem(507, 'storage-full')
    }
    await expectReadable()
    await disk.startAnother()
    await disk.empty()
    await expectHealed()
  })

  it('keeps what it took of the uploads that filled the disk together', async () => {
    await disk.fillAlmost()
    const contents = Array.from({ length: 12 }, () => randomBytes(700_000))
    const answers = await Promise.all(contents.map((bytes) => putStream(bytes)))
    expect(answers.filter(({ status }) => status === 507)).not.toEqual([])
    for (const [index, { status, body }] of answers.entries()) {
      expect([201, 507]).toContain(status)
      const bytes = contents[index] ?? Buffer.alloc(0)
      if (status === 201) expect((await download(disk, body.id)).bytes.equals(bytes)).toBe(true)
    }
    await disk.empty()
    // The bytes of refused uploads are swept, so the room is there again.
    await eventually(async () => expect((await putRaw(disk, randomBytes(5_000_000))).status).toBe(201))
    await expectHealed()
  })

  it('loses nothing when the disk becomes read-only in the middle of uploads, and heals', async () => {
    const stored = new Map<string, Buffer>()
    const refused: number[] = []
    let stopped = false
    const caller = async () => {
      while (!stopped) {
        const bytes = randomBytes(3000)
        const { status, body } = await putRaw(disk, bytes)
        if (status === 201) stored.set(body.id, bytes)
        else refused.push(status)
        if (status !== 201) await sleep(20)
      }
    }
    const callers = Promise.all([caller(), caller(), caller()])
    await eventually(async () => expect(stored.size).toBeGreaterThan(0))
    await disk.makeReadOnly()
    expect(await putRaw(disk, randomBytes(10))).toBeProblem(503, 'storage-unavailable')
    expect(await putRaw(disk, randomBytes(1_000_000))).toBeProblem(503, 'storage-unavailable')
    await expectReadable()
    await eventually(async () => expect(refused.length).toBeGreaterThan(0))
    await disk.makeWritable()
    stopped = true
    await callers

    expect(new Set(refused)).toEqual(new Set([503]))
    for (const [id, bytes] of stored) expect((await download(disk, id)).bytes.equals(bytes)).toBe(true)
    for (const id of stored.keys()) await send(disk, `${filesPath}/${id}`, { method: 'DELETE' })
    await expectHealed()
  })

  it.each([
    ['unmounted', () => disk.unmount(), () => disk.mountAgain()],
    ['hidden by another mount', () => disk.cover(), () => disk.uncover()],
  ])('takes nothing while the disk is %s, and heals', async (_what, takeAway, bringBack) => {
    await takeAway()
    for (const size of [10, 1_000_000]) {
      expect(await putRaw(disk, randomBytes(size))).toBeProblem(503, 'storage-unavailable')
    }
    expect(await download(disk, kept.id)).toBeProblem(503, 'storage-unavailable')
    expect(await ready()).toBe(503)
    expect((await send(disk, filesPath)).status).toBe(200)
    await sleep(1500) // maintenance meanwhile harms nothing
    await bringBack()
    await expectHealed()
  })
})
