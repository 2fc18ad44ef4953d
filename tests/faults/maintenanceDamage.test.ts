import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import type { StorageKey } from '../../src/model/blob.ts'
import { download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { armFailpoints } from '../support/service.ts'
import { bytesOf } from '../support/volume.ts'

const MIB = 2 ** 20
const SIZE = 2 * MIB + 5000

// A scan of one shard at a time: this is about the scrub, which comes after it.
describeService('damage', { SCAN_SECONDS: '1000000' }, (service) => {
  async function keyOf({ id }: Pick<FileBody, 'id'>): Promise<StorageKey> {
    const { rows } = await sql<{ storage_key: string }>`
    select storage_key from blobs join files on blob_id = blobs.id where files.id = ${id}::uuid
  `.execute(service.deps.db)
    return rows[0]?.storage_key ?? ''
  }

  const damageBytes = (key: StorageKey, how: Damage) => bytesOf(service).change(key, how)

  /** As if the scrub had not come by for a long time. */
  const ageVerification = () =>
    sql`update blobs set verified_at = verified_at - interval '100 d'`.execute(service.deps.db)

  async function unverified(): Promise<number | undefined> {
    const { rows } = await sql<{ count: number }>`
    select count(*) from blobs where verified_at < now() - interval '1 h' or damaged_at is not null
  `.execute(service.deps.db)
    return rows[0]?.count
  }

  /** Rounds of maintenance until nothing is left to read; each of them reads for about 2 s. */
  async function scrub(): Promise<void> {
    const unread = sql`select from blobs where verified_at < now() - interval '1 h' and damaged_at is null`
    do await service.maintain()
    while ((await unread.execute(service.deps.db)).rows.length > 0)
  }

  /** What becomes of the bytes; undefined when they are gone. */
  type Damage = (bytes: Buffer) => Buffer | undefined

  const flipBit =
    (position: number): Damage =>
    (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(position) ^ 4, position)
      return bytes
    }

  const damages: [string, Damage][] = [
    ['a bit of the first block is flipped', flipBit(17)],
    ['a bit of the last block is flipped', flipBit(SIZE - 1)],
    ['a page is zero', (bytes) => bytes.fill(0, MIB + 8192, MIB + 8192 + 4096)],
    ['its end is missing', (bytes) => bytes.subarray(0, SIZE - 4096)],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is gone', () => undefined],
  ]

  const alarms = () => readFileSync(join(service.logDirectory, 'critical.log'), 'utf8')

  /** The log is written while nobody waits for it. */
  const expectOneAlarm = (key: StorageKey) =>
    eventually(() => {
      const lines = alarms().split('\n')
      expect(lines.filter((line) => line.includes(key)).length).toBe(1)
    })

  async function uploaded(size = SIZE) {
    const bytes = randomBytes(size)
    const { body: file, status } = await upload(service, bytes)
    expect(status).toBe(201)
    return { bytes, file, key: await keyOf(file) }
  }

  describe('a blob of which', () => {
    it.each(damages)(
      '%s is never served as a whole; an upload of its bytes heals it',
      async (_case, damage) => {
        const { bytes, file, key } = await uploaded()
        const { body: other } = await upload(service, bytes, { query: '?duplicates=allow' })
        await damageBytes(key, damage)

        const served = await download(service, file.id).catch(() => 'cut off' as const)
        if (served !== 'cut off') expect(served).toBeProblem(500, 'file-damaged')
        await expectOneAlarm(key)
        expect((await send(service, `${filesPath}/${file.id}`)).status).toBe(200)
        expect(await service.violations()).toContainEqual(expect.stringMatching(/^I[26]/))

        const again = await upload(service, bytes)
        expect(again).toBeProblem(403, 'file-exists')
        for (const { id } of [file, other]) {
          expect((await download(service, id)).bytes.equals(bytes)).toBe(true)
        }
        await service.maintain()
        expect(await service.violations()).toEqual([])
        expect(await keyOf(file)).not.toBe(key)
      },
    )

    it.each(damages)('%s is found by the scrub, which removes nothing', async (_case, damage) => {
      const { bytes, file, key } = await uploaded()
      await damageBytes(key, damage)
      await ageVerification()
      await scrub()
      await expectOneAlarm(key)
      await ageVerification()
      await scrub()
      await expectOneAlarm(key)
      expect(await keyOf(file)).toBe(key)

      expect((await upload(service, bytes, { query: '?duplicates=allow' })).status).toBe(201)
      expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('one block is damaged serves the others', async () => {
      const { bytes, file, key } = await uploaded()
      await damageBytes(key, flipBit(MIB + 5))
      const part = (range: string) => download(service, file.id, { headers: { range: `bytes=${range}` } })
      expect((await part(`0-${MIB - 1}`)).bytes.equals(bytes.subarray(0, MIB))).toBe(true)
      expect((await part(`${2 * MIB}-`)).bytes.equals(bytes.subarray(2 * MIB))).toBe(true)
      expect(await part(`${MIB}-${MIB + 1}`)).toBeProblem(500, 'file-damaged')
      expect((await upload(service, bytes)).status).toBe(403)
      expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
    })

    it('the bytes are healed with an Idempotency-Key keeps the answer', async () => {
      const { bytes, key } = await uploaded(100)
      await damageBytes(key, () => Buffer.alloc(0))
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
      await armFailpoints('READ=EIO')
      await scrub()
      await armFailpoints('')
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
      await armFailpoints('READ=EIO@1')
      await scrub()
      await armFailpoints('')
      expect(await unverified()).toBe(0)
      expect(alarms()).toBe(before)
    })

    it.each<[string, Damage, number]>([
      ['is sound', (bytes) => bytes, 0],
      ['is not', flipBit(17), 1],
    ])('reads a blob that takes long in several rounds: one that %s', async (_case, damage, left) => {
      const { bytes, key } = await uploaded(6 * MIB)
      await damageBytes(key, damage)
      await sql`update blobs set verified_at = now(), damaged_at = null`.execute(service.deps.db)
      await sql`update blobs set verified_at = now() - interval '100 d' where storage_key = ${key}`.execute(
        service.deps.db,
      )
      await armFailpoints('READ=pause:2500') // longer than one round reads
      await service.maintain()
      expect(await unverified()).toBe(1) // neither verified nor marked
      expect(alarms()).not.toContain(key)
      await armFailpoints('')
      await scrub()
      expect(await unverified()).toBe(left)
      await eventually(() => expect(alarms().includes(key)).toBe(left > 0))
      await upload(service, bytes)
      expect(await service.violations()).toEqual([])
    })

    it('finds nothing wrong with sound blobs, of many blocks or of none', async () => {
      const before = alarms()
      for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 1, 3 * MIB + 2, 4 * MIB + 3])
        await uploaded(size)
      for (let round = 0; round < 3; round++) {
        await ageVerification()
        await scrub()
        expect(await unverified()).toBe(0)
      }
      expect(alarms()).toBe(before)
      expect(await service.violations()).toEqual([])
    })
  })
})
