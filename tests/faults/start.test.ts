import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation, type Outcome } from '../support/childService.ts'
import { download, type FileBody, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'

let installation: Installation
let other: Installation
let taken: Server
let file: FileBody

/** Begun first and awaited last: the service waits half a minute for a database that may be starting, too. */
let unreachable: Promise<Outcome>

beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  other = await createInstallation({ postgres: 'shared' })
  unreachable = installation.run(['serve'], {
    DATABASE_URL: 'postgres://somebody:s3cret@127.0.0.1:1/nowhere',
  })
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  await writeFile(join(installation.dataDirectory, 'a-file'), '')
  file = await storeOne(installation)
  await storeOne(other)
})
afterAll(async () => {
  taken.close()
  await Promise.all([installation.remove(), other.remove()])
})

async function storeOne(place: Installation): Promise<FileBody> {
  const service = await place.start()
  const { body } = await upload(service, randomBytes(10))
  await service.stop()
  return body
}

const volume = () => join(installation.dataDirectory, 'volume')
const portTaken = () => {
  const address = taken.address()
  return typeof address === 'object' ? String(address?.port) : ''
}

describe('a start', () => {
  it.each<[string, () => Record<string, string>, readonly (string | RegExp)[]]>([
    [
      'wrong settings, all named at once',
      () => ({ PORT: 'eighty', LEASE_SECONDS: '1', ENVIRONMENT: 'prod', PUBLIC_URL: 'files.example' }),
      [
        /^upfile: Invalid configuration/,
        /^- PORT .*"eighty"/m,
        /^- LEASE_SECONDS /m,
        /^- ENVIRONMENT /m,
        /^- PUBLIC_URL /m,
      ],
    ],
    ['a database that a crash could rob of commits', () => ({ ENVIRONMENT: 'production' }), ['fsync=off']],
    [
      'a port that is taken, before a database is started',
      () => ({ PORT: portTaken(), DATABASE_URL: '', DATA_DIR: join(installation.dataDirectory, 'own') }),
      [/^upfile: PORT \d+ is taken: .*set PORT .*EADDRINUSE/],
    ],
    [
      'a host that is no address of this machine',
      () => ({ HOST: '192.0.2.1' }),
      [/^upfile: HOST 192\.0\.2\.1 is no address of this machine: set HOST/],
    ],
    [
      'a data directory that is none',
      () => ({ DATA_DIR: join(installation.dataDirectory, 'a-file') }),
      [/a-file/],
    ],
    [
      'the volume of another database',
      () => ({ DATABASE_URL: other.databaseUrl ?? '' }),
      [/The storage is \S+, but the database belongs to \S+: check DATA_DIR/],
    ],
  ])('refuses %s', async (_case, env, sentences) => {
    const { code, stdout, stderr } = await installation.run(['serve'], env())
    expect(code).toBe(1)
    for (const sentence of sentences) expect(stderr).toMatch(sentence)
    expect(stdout + stderr).not.toMatch(/(^|\\n)\s+at /m)
    expect(existsSync(join(installation.dataDirectory, 'own'))).toBe(false)
  })

  it('refuses an empty volume when the database knows files: it is not mounted', async () => {
    await rename(volume(), `${volume()}-unmounted`)
    for (const prepare of [async () => {}, () => mkdir(volume(), { recursive: true })]) {
      await prepare()
      const outcome = await installation.run(['serve'])
      expect(outcome).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('is the volume mounted at DATA_DIR?'),
      })
    }
    await rename(volume(), `${volume()}-empty`)
    await rename(`${volume()}-unmounted`, volume())
  })

  it.each([
    ['as it was', async () => {}],
    ['copied without its hidden files', (path: string) => rm(join(path, '.volume-id'))],
  ])('refuses a volume with files when the database is new: %s', async (_case, change) => {
    const fresh = await createInstallation({ postgres: 'shared' })
    await cp(volume(), join(fresh.dataDirectory, 'volume'), { recursive: true })
    await change(join(fresh.dataDirectory, 'volume'))
    const outcome = await fresh.run(['serve'])
    await fresh.remove()
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds files of another database'),
    })
  })

  it('says why a volume cannot be used', async () => {
    const mark = join(volume(), '.hwm')
    await rm(mark, { force: true })
    await mkdir(mark)
    const { code, stderr } = await installation.run(['serve'])
    await rm(mark, { recursive: true })
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^upfile: The storage is not available.* \(EISDIR: .* check DATA_DIR\)$/m),
    ])
  })

  it('says how to go on with a volume that was copied without its hidden files', async () => {
    const identity = join(volume(), '.volume-id')
    const id = await readFile(identity, 'utf8')
    await rm(identity)
    const { code, stderr } = await installation.run(['serve'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(`.volume-id holds ${id.trim()}`)])
    await writeFile(identity, id)
    expect((await installation.run(['fsck'])).stdout).toMatch(/^violations: 0$/m)
  })

  it('serves everybody when it is told to, and what it had before all these refusals', async () => {
    const service = await installation.start({ HOST: '0.0.0.0', AUTH: 'off' })
    expect((await download(service, file.id)).status).toBe(200)
    expect((await service.stop()).code).toBe(0)
  })

  it.each([
    ['refuses', () => '1', 'connect ECONNREFUSED'],
    ['accepts connections, and does not answer', portTaken, 'no answer yet'],
  ])('ends with 0 when told to while it waits for a database that %s', async (_case, port, reason) => {
    const waiting = installation.begin(['serve'], { DATABASE_URL: `postgres://127.0.0.1:${port()}/nowhere` })
    await eventually(() =>
      expect(waiting.output().stdout).toContain(`Waiting for the database, at most 30 s: ${reason}`),
    )
    waiting.signal('SIGTERM')
    expect(await waiting.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('says which settings to check when its database cannot be reached, and no password', async () => {
    const { code, stdout, stderr } = await unreachable
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /"Waiting for the database, at most 30 s: connect ECONNREFUSED \S+, check DATABASE_URL or DB_HOST"}\n/,
    )
    expect(stdout.match(/Waiting/g)).toHaveLength(1)
    expect(stderr).toMatch(/The database cannot be reached \(check DATABASE_URL or DB_HOST\): .*ECONNREFUSED/)
    expect(stdout + stderr).not.toContain('s3cret')
  }, 90_000)
})
