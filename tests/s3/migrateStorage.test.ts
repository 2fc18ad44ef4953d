import { once } from 'node:events'
import { rmSync, statSync, truncateSync } from 'node:fs'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { download, filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { createTwoStorages, findLost, storeAll, type TwoStorages } from '../support/moving.ts'
import { overwrite } from '../support/s3.ts'

let two: TwoStorages
beforeEach(async () => {
  two = await createTwoStorages()
})
afterEach(() => two.remove())

const mebibyte = 2 ** 20
const sizes = [1, 1000, 65_536, mebibyte, mebibyte + 1, 6 * mebibyte, 11_000_000]

describe('upfile migrate-storage', () => {
  it('moves every file to S3, where it is without the volume, and back', async () => {
    const { installation, onVolume, onS3 } = two
    const before = await installation.start(onVolume)
    const files = await storeAll(before, sizes)
    const [gone] = await storeAll(before, [500])
    await send(before, `${filesPath}/${gone?.id}`, { method: 'DELETE' })
    await before.stop()
    await (await installation.start(onVolume)).stop() // leaves its mark
    const mark = Number(await readFile(join(two.volume, '.hwm'), 'utf8'))

    const { code, stdout, stderr } = await two.move('s3')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^All files are in s3\. Restart with STORAGE=s3/),
    ])
    expect(stderr).toBe('8 of 8 blobs are in s3 and verified, 18.6 of 18.6 MiB\n')
    await two.s3.readIdentity()
    expect(mark).toBeGreaterThan(0)
    expect(await two.s3.readMark()).toBeGreaterThanOrEqual(mark)
    expect(await two.move('s3')).toMatchObject({ code: 0, stdout: 'All files are in s3 already.\n' })

    await two.removeVolume()
    const there = await installation.start(onS3)
    expect(await findLost(there, files)).toEqual([])
    files.push(...(await storeAll(there, [2000])))
    await there.stop()
    expect(await installation.run(['fsck', '--deep'], onS3)).toMatchObject({ code: 0 })

    expect(await two.move('volume', { STORAGE: 's3' })).toMatchObject({ code: 0 })
    const back = await installation.start(onVolume)
    expect(await findLost(back, files)).toEqual([])
    await back.stop()
    expect(await installation.run(['fsck', '--deep'], onVolume)).toMatchObject({ code: 0 })
  })

  it('moves back to the volume it came from, whatever became of its files meanwhile', async () => {
    const { installation, onVolume, onS3 } = two
    const before = await installation.start(onVolume)
    const files = await storeAll(before, sizes)
    await before.stop()
    expect(await two.move('s3')).toMatchObject({ code: 0 })
    const there = await installation.start(onS3)
    files.push(...(await storeAll(there, [3000, 4000])))
    await there.stop()
    const keys = await Promise.all(files.map(({ id }) => two.keyOf(id)))
    truncateSync(join(two.volume, 'blobs', keys[1] ?? ''), 999)
    rmSync(join(two.volume, 'blobs', keys[2] ?? ''))

    const kept = statSync(join(two.volume, 'blobs', keys[3] ?? ''))
    expect(await two.move('volume')).toMatchObject({ code: 0 })
    expect(statSync(join(two.volume, 'blobs', keys[3] ?? ''))).toEqual(kept) // was there, and is not written again
    const back = await installation.start(onVolume)
    expect(await findLost(back, files)).toEqual([])
    await back.stop()
  })

  it('turns around before it has ended', async () => {
    const { installation, onVolume, toS3, toVolume, move } = two
    const service = await installation.start(onVolume)
    const files = await storeAll(service, sizes.slice(0, 4))
    await service.stop()
    const there = await installation.start(toS3)
    files.push(...(await storeAll(there, sizes)))
    expect(await move('s3', { FAILPOINTS: 'M7=kill' })).toMatchObject({ signal: 'SIGKILL' })
    const turning = await move('volume')
    expect([turning.code, turning.stdout]).toEqual([1, expect.stringContaining('services still write to s3')])
    await there.stop()
    const here = await installation.start(toVolume)
    files.push(...(await storeAll(here, [123])))
    expect(await move('volume')).toMatchObject({ code: 0 })
    await here.stop()
    for await (const { key } of two.s3.list()) await two.s3.delete(key)
    const alone = await installation.start(onVolume)
    expect(await findLost(alone, files)).toEqual([])
    await alone.stop()
  })

  it.each(['s3', 'volume'] as const)('leaves nothing half written in %s when it is killed', async (to) => {
    const { installation, onVolume, onS3, move } = two
    const service = await installation.start(to === 's3' ? onVolume : onS3)
    const files = await storeAll(service, [9_000_000])
    await service.stop()
    const halves = async () => {
      if (to === 'volume') return await readdir(join(two.volume, 'tmp'))
      return (await Array.fromAsync(two.s3.list())).filter(({ finished }) => !finished)
    }
    expect(await move(to, { FAILPOINTS: 'U5=kill' })).toMatchObject({ signal: 'SIGKILL' })
    expect(await halves()).toHaveLength(1)
    expect(await move(to)).toMatchObject({ code: 0 })
    expect(await halves()).toEqual([])
    const moved = await installation.start(to === 's3' ? onS3 : onVolume)
    expect(await findLost(moved, files)).toEqual([])
    await moved.stop()
  })

  it('leaves the space on the volume that no upload may use up either', async () => {
    const { installation, onS3, move } = two
    const service = await installation.start(onS3)
    await storeAll(service, [100])
    await service.stop()
    expect(await move('volume', { RESERVED_FREE_BYTES: '9007199254740991' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The storage has no room'),
    })
    expect(await move('volume')).toMatchObject({ code: 0 })
  })

  it('says that it is at work already', async () => {
    const service = await two.installation.start(two.onVolume)
    await storeAll(service, [100])
    await service.stop()
    const first = two.installation.begin(['migrate-storage', '--to', 's3'], {
      ...two.onVolume,
      FAILPOINTS: 'M2=pause:4000',
    })
    await eventually(async () => expect(await Array.fromAsync(two.s3.list())).not.toEqual([]))
    expect(await two.move('s3')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Another "upfile migrate-storage" is running'),
    })
    expect(await first.ended).toMatchObject({ code: 0 })
  })
})

describe('services beside a move', () => {
  it('are refused when one could not read what another writes, with the settings that help', async () => {
    const { installation, onVolume, onS3, toS3, toVolume, move } = two
    const refused = async (env: Record<string, string>, ...sentences: string[]) => {
      const { code, stderr } = await installation.run(['serve'], env)
      expect(code).toBe(1)
      for (const sentence of sentences) expect(stderr).toContain(sentence)
      expect(stderr).not.toMatch(/^\s+at /m)
    }
    const alone = await installation.start(onVolume)
    const files = await storeAll(alone, sizes.slice(0, 3))

    // A service that reads only the volume still runs.
    await refused(onS3, 'has no', 'AWS_S3_PREFIX as it was?')
    await refused(toS3, 'restart it with STORAGE=volume and STORAGE_FROM=s3 first')
    expect(await move('s3')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/still write to volume: .* STORAGE=s3 and STORAGE_FROM=volume/),
    })
    await refused(onS3, 'STORAGE=volume', 'STORAGE_FROM=volume', '"upfile migrate-storage --to s3"')

    // One after the other is restarted, without a moment in which nobody serves.
    const reading = await installation.start(toVolume)
    await alone.stop()
    const writing = await installation.start(toS3)
    files.push(...(await storeAll(writing, [100])), ...(await storeAll(reading, [200])))
    for (const service of [reading, writing]) expect(await findLost(service, files)).toEqual([])
    await refused(onVolume, 'Some files are in the other storage: set STORAGE_FROM=s3')
    await refused(onS3, 'Some files are in the other storage: set STORAGE_FROM=volume')
    expect(await move('s3')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('still write to volume'),
    })
    await reading.stop()

    expect(await installation.run(['fsck', '--deep'], toS3)).toMatchObject({ code: 0 })
    expect(await installation.run(['fsck'], onS3)).toMatchObject({ code: 1 })
    expect(await move('s3')).toMatchObject({ code: 0 })
    await refused(onVolume, 'set STORAGE=s3')
    const moved = await installation.start(onS3)
    await writing.stop()
    await two.removeVolume()
    expect(await findLost(moved, files)).toEqual([])
    await moved.stop()
  })

  it('are refused when another storage is where one of the two was', async () => {
    const { installation, toS3, onVolume, volume } = two
    const service = await installation.start(onVolume)
    const files = await storeAll(service, [100])
    await service.stop()
    const moving = await installation.start(toS3)
    files.push(...(await storeAll(moving, [100])))
    await moving.stop()

    const elsewhere = await installation.run(['serve'], { ...toS3, AWS_S3_PREFIX: 'elsewhere/' })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      1,
      expect.stringContaining('AWS_S3_PREFIX as it was?'),
    ])
    await rename(volume, `${volume}-unmounted`)
    const unmounted = await installation.run(['serve'], toS3)
    expect([unmounted.code, unmounted.stderr]).toEqual([
      1,
      expect.stringContaining('is the volume mounted at DATA_DIR?'),
    ])
    expect(await two.move('s3')).toMatchObject({ code: 1 })
    await two.removeVolume()
    await rename(`${volume}-unmounted`, volume)
    const again = await installation.start(toS3)
    expect(await findLost(again, files)).toEqual([])
    await again.stop()
  })

  it.each([
    ['before the storage is closed, lose nothing', 'M5', [0, 'All files are in s3.']],
    [
      'after it was closed, keep the move from ending',
      'M7',
      [1, 'A service has begun to write to volume again'],
    ],
  ] as const)('that come and go in the last moment, %s', async (_case, moment, [code, sentence]) => {
    const { installation, onVolume, onS3 } = two
    const first = await installation.start(onVolume)
    const files = await storeAll(first, [100, 200])
    await first.stop()
    const env = { ...onVolume, FAILPOINTS: `${moment}=pause:20000` }
    const moving = installation.begin(['migrate-storage', '--to', 's3'], env)
    await eventually(() => expect(moving.output().stderr).toContain('2 of 2 blobs'))
    const last = await installation.start(onVolume)
    files.push(...(await storeAll(last, [300])))
    await last.stop()
    const ended = await moving.ended
    expect([ended.code, ended.stdout]).toEqual([code, expect.stringContaining(sentence)])
    expect(await two.move('s3')).toMatchObject({ code: 0 })
    await two.removeVolume()
    const moved = await installation.start(onS3)
    expect(await findLost(moved, files)).toEqual([])
    await moved.stop()
  })

  it('commit nothing to the storage that was left, however late they wake up', async () => {
    const { installation, toVolume, onS3, db } = two
    const service = await installation.start(toVolume)
    const files = await storeAll(service, [1000])
    const sending = request(`${service.url}${filesPath}?file_name=late`, { method: 'PUT' })
    const answered = once(sending, 'response')
    sending.write(Buffer.alloc(3 * mebibyte))
    await eventually(async () => expect(await readdir(join(two.volume, 'tmp'))).toHaveLength(1))
    service.signal('SIGSTOP')
    // As after a failover: the lock that shows this service is gone, and it does not know.
    await sql`select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and objsubid = 2 and mode = 'ShareLock'
        and database = (select oid from pg_database where datname = current_database())`.execute(db)
    expect(await two.move('s3')).toMatchObject({ code: 0 })

    service.signal('SIGCONT')
    sending.end('the rest')
    const [answer] = await answered
    expect(answer.statusCode).toBe(503)
    const next = await upload(service, 'next').catch(() => undefined)
    expect(next?.status ?? 503).toBe(503)
    const ended = await service.ended
    expect([ended.code, ended.stdout]).toEqual([1, expect.stringContaining('check STORAGE and STORAGE_FROM')])

    await two.removeVolume()
    const moved = await installation.start(onS3)
    expect(await findLost(moved, files)).toEqual([])
    expect((await send<unknown[]>(moved, filesPath)).body).toHaveLength(1)
    await moved.stop()
  })
})

describe('damage', () => {
  it('at the source is told, moves nowhere, and keeps the move from ending until it is healed', async () => {
    const { installation, onVolume, toS3, onS3 } = two
    const service = await installation.start(onVolume)
    const files = await storeAll(service, [5000, 5000, 5000, 2 * mebibyte])
    const whole = (await download(service, files[0]?.id ?? '')).bytes
    await service.stop()
    const keys = await Promise.all(files.map(({ id }) => two.keyOf(id)))
    const paths = keys.map((key) => join(two.volume, 'blobs', key))
    await writeFile(paths[0] ?? '', Buffer.alloc(5000))
    truncateSync(paths[1] ?? '', 4999)
    rmSync(paths[2] ?? '')

    const { code, stdout } = await two.move('s3')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      new RegExp(`^Not moved: blob \\d+, ${keys[0]}, .*: in volume: block 0 differs$`, 'm'),
    )
    expect(stdout).toMatch(
      new RegExp(
        `^Not moved: blob \\d+, ${keys[1]}, .*: in volume: there are 4999 bytes instead of 5000$`,
        'm',
      ),
    )
    expect(stdout).toMatch(
      new RegExp(`^Not moved: blob \\d+, ${keys[2]}, .*: in volume: there are no bytes$`, 'm'),
    )
    expect(stdout).toMatch(/^3 blobs could not be moved\. Delete their files, or upload the same bytes/m)
    expect(await Array.fromAsync(two.s3.list())).toEqual([{ key: keys[3], finished: true }])

    const moving = await installation.start({
      ...toS3,
      DELETED_RETENTION_SECONDS: '0',
      MAINTENANCE_INTERVAL_SECONDS: '1',
    })
    await download(moving, files[0]?.id ?? '').catch(() => {}) // finds the damage
    expect((await upload(moving, whole)).status).toBe(403)
    for (const file of files.slice(1, 3)) await send(moving, `${filesPath}/${file.id}`, { method: 'DELETE' })
    await eventually(async () => expect((await two.move('s3')).code).toBe(0))
    await moving.stop()
    await two.removeVolume()
    const moved = await installation.start(onS3)
    expect(await findLost(moved, files.toSpliced(1, 2))).toEqual([])
    await moved.stop()
  })

  it('of a copy is repaired, and a good copy is kept whatever became of its source', async () => {
    const { installation, onVolume, onS3, s3Options } = two
    const service = await installation.start(onVolume)
    const files = await storeAll(service, [3000, 3000, 3000])
    await service.stop()
    expect(await two.move('s3', { FAILPOINTS: 'M4=kill' })).toMatchObject({ signal: 'SIGKILL' })
    const [first = '', second = '', third = ''] = await Promise.all(files.map(({ id }) => two.keyOf(id)))
    expect(await two.s3.size(third)).toBe(3000)
    await overwrite(s3Options, first, Buffer.alloc(3000))
    await overwrite(s3Options, second, Buffer.alloc(10))
    await writeFile(join(two.volume, 'blobs', third), Buffer.alloc(3000))

    expect(await two.move('s3')).toMatchObject({ code: 0 })
    await two.removeVolume()
    const moved = await installation.start(onS3)
    expect(await findLost(moved, files)).toEqual([])
    await moved.stop()
  })

  it('on both sides is told, and nothing of it is removed', async () => {
    const service = await two.installation.start(two.onVolume)
    const [file] = await storeAll(service, [3000])
    await service.stop()
    expect(await two.move('s3', { FAILPOINTS: 'M4=kill' })).toMatchObject({ signal: 'SIGKILL' })
    const key = await two.keyOf(file?.id ?? '')
    await overwrite(two.s3Options, key, Buffer.alloc(2999))
    await writeFile(join(two.volume, 'blobs', key), Buffer.alloc(3000))
    expect(await two.move('s3')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /: in s3: there are 2999 bytes instead of 3000; in volume: block 0 differs$/m,
      ),
    })
    expect([await two.s3.size(key), statSync(join(two.volume, 'blobs', key)).size]).toEqual([2999, 3000])
    expect(await two.installation.run(['fsck', '--deep'], two.toS3)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${key}, sha256 ${file?.sha256}: there are 2999 bytes instead of 3000`),
    })
  })
})
