import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { type StartedService, startService } from '../support/service.ts'
import { bytesOf, hasBytes } from '../support/volume.ts'

let service: StartedService

beforeEach(async () => {
  service = await startService({ ORPHAN_HOLD_SECONDS: '1000' })
})
afterEach(() => service.stop())

const newKey = () => `7f/${randomBytes(16).toString('hex')}`
const run = (statement: string) => sql.raw(statement).execute(service.deps.db)
const endHold = () => run('update trash set remove_after = now()')
const critical = () => readFileSync(join(service.logDirectory, 'critical.log'), 'utf8')

describe('bytes that no table knows', () => {
  it.each<[string, (key: string) => Promise<void>]>([
    ['finished', (key) => bytesOf(service).plant(`blobs/${key}`, 'nobody knows me')],
    ['unfinished', (key) => bytesOf(service).begin(key)],
  ])('are held for a while when %s, and then removed', async (_case, place) => {
    const key = newKey()
    await place(key)
    expect(await service.violations()).toEqual([expect.stringMatching(/^I4: .* in no table$/)])

    await service.maintain()
    await service.maintain()
    expect(await hasBytes(service, key)).toBe(true)
    expect(await service.violations()).toEqual([])

    await endHold()
    await service.maintain()
    expect(await hasBytes(service, key)).toBe(false)
    expect(await service.violations()).toEqual([])
  })

  it('are removed in the round that finds them where they are not held', async () => {
    const impatient = await startService()
    try {
      const key = newKey()
      await bytesOf(impatient).begin(key)
      await impatient.maintain()
      expect(await hasBytes(impatient, key)).toBe(false)
      expect(await impatient.violations()).toEqual([])
    } finally {
      await impatient.stop()
    }
  })

  it('never are those of an upload, or of a file', async () => {
    const { body: file } = await upload(service, 'known')
    for (let round = 0; round < 3; round++) {
      await service.maintain()
      await endHold()
    }
    expect((await send(service, `${filesPath}/${file.id}/content`)).bytes.toString()).toBe('known')
  })
})

describe('what is not ours in the storage', () => {
  const names = [
    'README',
    'blobs/readme',
    'blobs/7f/.DS_Store',
    `blobs/7f/${'A'.repeat(32)}`,
    `blobs/7f/${'0'.repeat(31)}`,
    `blobs/7f/${'0'.repeat(33)}`,
  ]

  it('is left alone, and breaks no invariant', async () => {
    const stored = bytesOf(service)
    for (const name of names) await stored.plant(name, 'somebody else’s')
    expect(await service.violations()).toEqual([])
    await service.maintain()
    await endHold()
    await service.maintain()
    for (const name of names) expect(await stored.read(name)).toBe('somebody else’s')
  })
})

describe('a database that is older than its storage', () => {
  /** Moves the numbers that intents get: back as a restored backup does, or forth as uploads do. */
  const setSequence = (to: number) =>
    run(`select setval(pg_get_serial_sequence('intents', 'sequence'), ${to})`)

  it('has nothing removed, however many uploads come after, until an operator decides', async () => {
    const { body: trashed } = await upload(service, 'will be trash')
    await send(service, `${filesPath}/${trashed.id}`, { method: 'DELETE' })
    await service.maintain()
    await setSequence(1)
    const key = newKey()
    await bytesOf(service).plant(`blobs/${key}`, 'an acknowledged file that the database forgot')

    for (const sequence of [2, 1000, 1_000_000]) {
      await endHold()
      await service.maintain()
      await setSequence(sequence)
    }
    expect(await hasBytes(service, key)).toBe(true)
    expect(await service.violations()).toEqual([expect.stringMatching(/^I4/)])
    await eventually(() => expect(critical()).toContain('The database is older than its storage'))
    expect(critical()).toContain(`delete ${service.deps.storage.description.mark}`)
    expect(critical()).not.toContain(String(Number.MAX_SAFE_INTEGER)) // the mark that nobody set
    expect((await upload(service, 'still taken')).status).toBe(201)

    await bytesOf(service).removeMark()
    await service.maintain()
    await endHold()
    await service.maintain()
    expect(await hasBytes(service, key)).toBe(false)
    expect(await service.violations()).toEqual([])
  })
})
