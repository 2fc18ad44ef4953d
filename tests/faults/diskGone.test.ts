import { randomBytes, randomUUID } from 'node:crypto'
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { download, type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { uploadHeadersOnly } from '../support/headersOnly.ts'
import { type StartedService, startService } from '../support/service.ts'
import { volumeOf } from '../support/volume.ts'

type Replace = (volume: string, original: string) => Promise<unknown>

/** States of the directory without its volume. */
const replacements: readonly (readonly [string, Replace])[] = [
  ['nothing', async () => {}],
  ['an empty directory', (volume) => mkdir(volume)],
  ['directories without an identity', (volume, original) => copyOf(original, volume, undefined)],
  ['the volume of another database', (volume, original) => copyOf(original, volume, randomUUID())],
]

/** A volume with the same directories and none of the bytes. */
async function copyOf(original: string, volume: string, id: string | undefined): Promise<void> {
  await cp(original, volume, {
    recursive: true,
    filter: (path) => !/\/[0-9a-f]{32,}$|\.volume-id$/.test(path),
  })
  if (id !== undefined) await writeFile(join(volume, '.volume-id'), `${id}\n`)
}

const filesBelow = async (directory: string) =>
  (await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)

describe('the room that uploads must leave', () => {
  let service: StartedService
  afterEach(() => service.stop())

  it.each([
    ['is kept whatever the size', { RESERVED_FREE_BYTES: String(2 ** 50) }, 10],
    ['counts the size the client declares', { MAX_FILE_SIZE: String(2 ** 52) }, 2 ** 50],
  ])('%s: 507 before the body is read', async (_case, settings, length) => {
    service = await startService(settings)
    expect(await uploadHeadersOnly(service, { length })).toBeProblem(507, 'storage-full')
    expect((await send(service, '/readyz')).status).toBe(200)
    expect(await service.violations()).toEqual([])
  })
})

describe('a volume that is not there while the service runs', () => {
  const bytes = randomBytes(1_200_000)
  let service: StartedService
  let away: string
  let kept: FileBody
  beforeAll(async () => {
    service = await startService()
    away = join(service.dataDirectory, 'away')
    kept = (await upload(service, bytes)).body
    await putRaw(service, freshText())
  })
  afterAll(() => service.stop())

  it.each(replacements)('is missed, and welcome when it is back: %s in its place', async (_case, replace) => {
    const volume = volumeOf(service)
    await rename(volume, away)
    await replace(volume, away)

    for (const content of [freshText(), randomBytes(1_200_000), bytes]) {
      expect(await upload(service, content)).toBeProblem(503, 'storage-unavailable')
    }
    expect(await download(service, kept.id)).toBeProblem(503, 'storage-unavailable')
    expect((await send(service, `${filesPath}/${kept.id}`)).status).toBe(200)
    expect((await send(service, '/readyz')).status).toBe(503)
    expect((await send(service, '/livez')).status).toBe(200)
    await expect(service.maintain()).rejects.toMatchObject({ cause: { code: 'storage-unavailable' } })
    await expect(service.violations()).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await filesBelow(volume)).toEqual([])

    await rm(volume, { recursive: true, force: true })
    await rename(away, volume)
    expect((await send(service, '/readyz')).status).toBe(200)
    expect((await upload(service, freshText())).status).toBe(201)
    expect((await upload(service, randomBytes(1_200_000))).status).toBe(201)
    expect((await download(service, kept.id)).bytes.equals(bytes)).toBe(true)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('is the same volume when it was mounted anew', async () => {
    const volume = volumeOf(service)
    await rename(volume, away)
    await cp(away, volume, { recursive: true }) // other inodes, the same identity
    await rm(away, { recursive: true })
    expect((await upload(service, freshText())).status).toBe(201)
    expect((await upload(service, randomBytes(1_200_000))).status).toBe(201)
    expect((await download(service, kept.id)).bytes.equals(bytes)).toBe(true)
    expect(await service.violations()).toEqual([])
  })
})

describe('a start on a volume that is not the one of the database', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await createInstallation({ postgres: 'shared' })
    const service = await installation.start()
    expect((await upload(service, freshText())).status).toBe(201)
    await service.stop()
  })
  afterAll(() => installation.remove())

  it.each(replacements)('is refused: %s in its place', async (_case, replace) => {
    const volume = volumeOf(installation)
    const away = join(installation.dataDirectory, 'away')
    await rename(volume, away)
    await replace(volume, away)
    const { code, stderr } = await installation.run(['serve'])
    await rm(volume, { recursive: true, force: true })
    await rename(away, volume)
    expect(code).toBe(1)
    expect(stderr).toMatch(/upfile: .*(mounted at DATA_DIR|check DATA_DIR)/)
  })
})
