import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { type FileBody, filesPath, putRaw, send, upload } from '../support/client.ts'
import { dataParent } from '../support/dataParent.ts'
import { eventually } from '../support/eventually.ts'
import { type StartedService, startService } from '../support/service.ts'
import { volumeOf } from '../support/volume.ts'

/** Symlinks, FIFOs, folders and temporary names are of a volume: S3 has none of them. */

let service: StartedService
let outside: string

beforeEach(async () => {
  service = await startService({ ORPHAN_HOLD_SECONDS: '1000' })
  outside = mkdtempSync(join(dataParent(), 'upfile-outside-')) // hard links need one file system
})
afterEach(async () => {
  await service.stop()
  rmSync(outside, { recursive: true, force: true })
})

const inVolume = (path: string) => join(volumeOf(service), path)
const newKey = () => `7f/${randomBytes(16).toString('hex')}`
const run = (statement: string) => sql.raw(statement).execute(service.deps.db)
const endHold = () => run('update trash set remove_after = now()')
const critical = () => readFileSync(join(service.logDirectory, 'critical.log'), 'utf8')

describe('what is not ours on the volume', () => {
  const names = ['lost+found/notes', 'tmp/notes.txt', 'tmp/.nfs000000000001']

  it('is left alone, and breaks no invariant', async () => {
    mkdirSync(inVolume('lost+found'))
    for (const name of names) writeFileSync(inVolume(name), 'somebody else’s')
    expect(await service.violations()).toEqual([])
    await service.maintain()
    await endHold()
    await service.maintain()
    for (const name of names) expect(readFileSync(inVolume(name), 'utf8')).toBe('somebody else’s')
  })
})

describe('what is planted under the name of a blob', () => {
  const traps: [string, (path: string) => void][] = [
    ['a symlink to a file', (path) => symlinkSync(join(outside, 'secret'), path)],
    ['a symlink to a folder', (path) => symlinkSync(outside, path)],
    ['a symlink to nothing', (path) => symlinkSync('/nonexistent', path)],
    ['a hard link', (path) => execFileSync('ln', [join(outside, 'secret'), path])],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
    ['a folder', (path) => mkdirSync(path)],
  ]

  beforeEach(() => writeFileSync(join(outside, 'secret'), 'the secret'))

  it.each(traps)('is neither followed nor waited for by maintenance: %s', async (kind, plant) => {
    const path = inVolume(`blobs/${newKey()}`)
    plant(path)
    await service.maintain()
    await endHold()
    await service.maintain()
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('the secret')
    if (kind !== 'a folder') expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined()

    const { body: file } = await upload(service, randomBytes(10))
    await send(service, `${filesPath}/${file.id}`, { method: 'DELETE' })
    await run('update files set deleted_at = now() where deleted_at is not null')
    await service.maintain()
    const { rows } = await sql<{ count: number }>`select count(*) from trash`.execute(service.deps.db)
    expect(rows).toEqual([{ count: kind === 'a folder' ? 1 : 0 }])
  })

  it.each(traps)('is not served as a file: %s', async (kind, plant) => {
    const bytes = 'x'.repeat(10)
    const { body: file } = await upload(service, bytes)
    const path = await pathOf(file)
    rmSync(path)
    plant(path)
    const { status, bytes: served } = await send(service, `${filesPath}/${file.id}/content`).catch(() => ({
      status: 'cut off',
      bytes: Buffer.alloc(0),
    }))
    expect([500, 'cut off']).toContain(status)
    expect(served.toString()).not.toContain('secret')
    await eventually(() => expect(critical()).toContain('The bytes of a blob are damaged'))
    expect(kind).not.toBe('')
  })

  async function pathOf({ id }: FileBody): Promise<string> {
    const { rows } = await sql<{ storage_key: string }>`
      select storage_key from blobs join files on blob_id = blobs.id where files.id = ${id}::uuid
    `.execute(service.deps.db)
    return inVolume(`blobs/${rows[0]?.storage_key}`)
  }
})

describe('a directory of the volume that becomes a link while the service runs', () => {
  const shards = Array.from({ length: 256 }, (_, index) => `blobs/${index.toString(16).padStart(2, '0')}`)

  it.each([
    ['tmp', ['tmp']],
    ['blobs', ['blobs']],
    ['each shard', shards],
  ])('is not followed: %s', async (_which, names) => {
    const { body: file } = await upload(service, 'kept')
    // The links lead to a volume of another service: to files that look like unfinished and like finished ones.
    for (const directory of ['', ...shards.map((shard) => shard.slice(-2))]) {
      mkdirSync(join(outside, directory), { recursive: true })
      for (const name of [newKey().replace('/', ''), newKey().slice(3)])
        writeFileSync(join(outside, directory, name), 'somebody else’s')
    }
    const before = readdirSync(outside, { recursive: true }).toSorted()
    for (const name of names) {
      renameSync(inVolume(name), inVolume(`${name}-away`))
      symlinkSync(names.length > 1 ? join(outside, name.slice(-2)) : outside, inVolume(name))
    }

    for (const size of [10, 1_000_000])
      expect(await putRaw(service, randomBytes(size))).toBeProblem(503, 'storage-unavailable')
    if (names.length === 1) expect((await send(service, '/readyz')).status).toBe(503)
    await send(service, `${filesPath}/${file.id}`, { method: 'DELETE' })
    for (let round = 0; round < 2; round++) {
      await service.maintain().catch(() => {})
      await endHold()
    }
    expect(readdirSync(outside, { recursive: true }).toSorted()).toEqual(before)

    for (const name of names) {
      rmSync(inVolume(name))
      renameSync(inVolume(`${name}-away`), inVolume(name))
    }
    expect((await putRaw(service, randomBytes(1_000_000))).status).toBe(201)
    await endHold()
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })
})
