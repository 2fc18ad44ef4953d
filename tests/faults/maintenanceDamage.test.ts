import { randomBytes } from 'node:crypto'
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { armFailpoints } from '../../src/failpoint.ts'
import { download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { startService, type TestService } from '../support/service.ts'
import { volumeOf } from '../support/volume.ts'

const MIB = 2 ** 20
const SIZE = 2 * MIB + 5000

let service: TestService

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

async function pathOf({ id }: Pick<FileBody, 'id'>): Promise<string> {
  const { rows } = await sql<{ storage_key: string }>`
    select storage_key from blobs join files on blob_id = blobs.id where files.id = ${id}::uuid
  `.execute(service.deps.db)
  return join(volumeOf(service), 'blobs', rows[0]?.storage_key ?? '')
}

/** As if the scrub had not come by for a long time. */
const ageVerification = () =>
  sql`update blobs set verified_at = verified_at - interval '100 d'`.execute(service.deps.db)

async function unverified(): Promise<number | undefined> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from blobs where verified_at < now() - interval '1 h' or damaged_at is not null
  `.execute(service.deps.db)
  return rows[0]?.count
}

function flipBit(path: string, position: number) {
  const file = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, position)
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 4]), 0, 1, position)
  closeSync(file)
}

const damages: [string, (path: string) => void][] = [
  ['a bit of the first block is flipped', (path) => flipBit(path, 17)],
  ['a bit of the last block is flipped', (path) => flipBit(path, SIZE - 1)],
  [
    'a page is zero',
    (path) => {
      const file = openSync(path, 'r+')
      writeSync(file, Buffer.alloc(4096), 0, 4096, MIB + 8192)
      closeSync(file)
    },
  ],
  ['its end is missing', (path) => truncateSync(path, SIZE - 4096)],
  ['it is empty', (path) => truncateSync(path, 0)],
  ['it is gone', (path) => rmSync(path)],
]

const alarms = () => readFileSync(join(service.logDirectory, 'critical.log'), 'utf8')

/** The log is written while nobody waits for it. */
const expectOneAlarm = (path: string) =>
  eventually(() => {
    const lines = alarms().split('\n')
    expect(lines.filter((line) => line.includes(path.slice(-35))).length).toBe(1)
  })

async function uploaded(size = SIZE) {
  const bytes = randomBytes(size)
  const { body: file, status } = await upload(service, bytes)
  expect(status).toBe(201)
  return { bytes, file, path: await pathOf(file) }
}

describe('a blob of which', () => {
  it.each(damages)(
    '%s is never served as a whole; an upload of its bytes heals it (F5)',
    async (_case, damage) => {
      const { bytes, file, path } = await uploaded()
      const { body: other } = await upload(service, bytes, { query: '?duplicates=allow' })
      damage(path)

      const served = await download(service, file.id).catch(() => 'cut off' as const)
      if (served !== 'cut off') expect(served).toBeProblem(500, 'file-damaged')
      await expectOneAlarm(path)
      expect((await send(service, `${filesPath}/${file.id}`)).status).toBe(200)
      expect(await service.violations()).toContainEqual(expect.stringMatching(/^I[26]/))

      const again = await upload(service, bytes)
      expect(again).toBeProblem(403, 'file-exists')
      for (const { id } of [file, other]) {
        expect((await download(service, id)).bytes.equals(bytes)).toBe(true)
      }
      await service.maintain()
      expect(await service.violations()).toEqual([])
      expect(await pathOf(file)).not.toBe(path)
    },
  )

  it.each(damages)('%s is found by the scrub, which removes nothing', async (_case, damage) => {
    const { bytes, file, path } = await uploaded()
    damage(path)
    await ageVerification()
    await service.maintain()
    await expectOneAlarm(path)
    await ageVerification()
    await service.maintain()
    await expectOneAlarm(path)
    expect(await pathOf(file)).toBe(path)

    expect((await upload(service, bytes, { query: '?duplicates=allow' })).status).toBe(201)
    expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('one block is damaged serves the others', async () => {
    const { bytes, file, path } = await uploaded()
    flipBit(path, MIB + 5)
    const part = (range: string) => download(service, file.id, { headers: { range: `bytes=${range}` } })
    expect((await part(`0-${MIB - 1}`)).bytes.equals(bytes.subarray(0, MIB))).toBe(true)
    expect((await part(`${2 * MIB}-`)).bytes.equals(bytes.subarray(2 * MIB))).toBe(true)
    expect(await part(`${MIB}-${MIB + 1}`)).toBeProblem(500, 'file-damaged')
    expect((await upload(service, bytes)).status).toBe(403)
    expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
  })

  it('the bytes are healed with an Idempotency-Key keeps the answer', async () => {
    const { bytes, path } = await uploaded(100)
    writeFileSync(path, '')
    const options = { query: '?duplicates=allow', headers: { 'idempotency-key': 'heals' } }
    const healed = await upload(service, bytes, options)
    expect(healed.status).toBe(201)
    expect((await upload(service, bytes, options)).body).toEqual(healed.body)
    expect((await download(service, healed.body.id)).bytes.equals(bytes)).toBe(true)
  })
})

describe('the scrub', () => {
  it('takes bytes that the disk does not give for damaged, and goes on with the next', async () => {
    await sql`update blobs set verified_at = now(), damaged_at = null`.execute(service.deps.db)
    const contents = [randomBytes(100), randomBytes(100)]
    for (const bytes of contents) await upload(service, bytes, { fields: { bucket: 'unreadable' } })
    await sql`update blobs set verified_at = now() - interval '100 d' where bucket = 'unreadable'`.execute(
      service.deps.db,
    )
    armFailpoints('READ=EIO')
    await service.maintain()
    armFailpoints('')
    await eventually(() =>
      expect(alarms().match(/they cannot be read: .*EIO/g)).toHaveLength(contents.length),
    )
    expect(await unverified()).toBe(contents.length)

    for (const bytes of contents) await upload(service, bytes, { fields: { bucket: 'unreadable' } })
    expect(await unverified()).toBe(0)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('reads bytes once more that were not given, for it may have been the storage as a whole', async () => {
    const before = alarms()
    await uploaded(100)
    await ageVerification()
    armFailpoints('READ=EIO@1')
    await service.maintain()
    armFailpoints('')
    expect(await unverified()).toBe(0)
    expect(alarms()).toBe(before)
  })

  it.each([
    ['is sound', () => {}, 0],
    ['is not', (path: string) => flipBit(path, 17), 1],
  ])('reads a blob that takes long in several rounds: one that %s', async (_case, damage, left) => {
    const { bytes, path } = await uploaded(6 * MIB)
    damage(path)
    await sql`update blobs set verified_at = now(), damaged_at = null`.execute(service.deps.db)
    await sql`update blobs set verified_at = now() - interval '100 d' where storage_key = ${path.slice(-35)}`.execute(
      service.deps.db,
    )
    armFailpoints('READ=pause:800')
    await service.maintain()
    expect(await unverified()).toBe(1) // neither verified nor marked
    expect(alarms()).not.toContain(path.slice(-35))
    armFailpoints('')
    await service.maintain()
    expect(await unverified()).toBe(left)
    await eventually(() => expect(alarms().includes(path.slice(-35))).toBe(left > 0))
    await upload(service, bytes)
    expect(await service.violations()).toEqual([])
  })

  it('finds nothing wrong with sound blobs, of many blocks or of none', async () => {
    const before = alarms()
    for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 1, 3 * MIB + 2, 4 * MIB + 3])
      await uploaded(size)
    for (let round = 0; round < 3; round++) {
      await ageVerification()
      await service.maintain()
      expect(await unverified()).toBe(0)
    }
    expect(alarms()).toBe(before)
    expect(await service.violations()).toEqual([])
  })
})
