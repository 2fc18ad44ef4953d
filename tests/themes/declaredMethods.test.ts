import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createDatabase } from '../support/postgres.ts'

const repository = resolve(import.meta.dirname, '../..')

const operation = (id: string, status: number) => `
      operationId: ${id}
      security: []
      responses:
        '${status}': { description: Done. }
`
/** A path with its own HEAD and OPTIONS, one with a parameter that matches it, too, and one that only has a HEAD. */
const paths = `  /extra/one:
    get:${operation('getExtra', 200)}    head:${operation('headExtra', 204)}    options:${operation('optionsExtra', 200)}
  /extra/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string } }
    get:${operation('getOther', 200)}
  /extra/two/head:
    head:${operation('headAlone', 204)}`

const handlers = `
  getExtra: () => (_req: unknown, res: { set(n: string, v: string): { end(): void; status(s: number): { end(): void } } }) => void res.set('X-By', 'getExtra').end(),
  headExtra: () => (_req: unknown, res: { set(n: string, v: string): { end(): void; status(s: number): { end(): void } } }) => void res.set('X-By', 'headExtra').status(204).end(),
  optionsExtra: () => (_req: unknown, res: { set(n: string, v: string): { end(): void; status(s: number): { end(): void } } }) => void res.set('X-By', 'optionsExtra').end(),
  getOther: () => (_req: unknown, res: { set(n: string, v: string): { end(): void; status(s: number): { end(): void } } }) => void res.set('X-By', 'getOther').end(),
  headAlone: () => (_req: unknown, res: { set(n: string, v: string): { end(): void; status(s: number): { end(): void } } }) => void res.set('X-By', 'headAlone').status(204).end(),
`

let directory: string
let database: Awaited<ReturnType<typeof createDatabase>>
let child: ChildProcess
let url: string

beforeAll(async () => {
  database = await createDatabase()
  directory = await mkdtemp(join(tmpdir(), 'upfile-methods-'))
  for (const part of ['src', 'api', 'migrations', 'package.json'])
    await cp(join(repository, part), join(directory, part), { recursive: true })
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'))
  await change('api/openapi.yaml', (yaml) => yaml + paths)
  await change('src/handlers/index.ts', (text) => text.replace(/\}\s*$/, `${handlers}}\n`))
  child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: directory,
    env: {
      DATABASE_URL: database.url,
      DATA_DIR: join(directory, 'data'),
      PORT: '0',
      ENVIRONMENT: 'testing',
      NODE_COMPILE_CACHE: join(tmpdir(), 'upfile-test-compile-cache'),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error('The service ended.')
  })
  const [message] = await Promise.race([once(child, 'message'), ended])
  url = message.url
  ended.catch(() => {})
})

afterAll(async () => {
  child.kill('SIGTERM')
  if (child.exitCode === null) await once(child, 'exit')
  await database.drop()
  await rm(directory, { recursive: true, force: true })
})

async function change(path: string, by: (text: string) => string) {
  const before = await readFile(join(directory, path), 'utf8')
  expect(by(before)).not.toBe(before)
  await writeFile(join(directory, path), by(before))
}

const ask = async (method: string, path: string) => {
  const { status, headers } = await fetch(`${url}${path}`, { method })
  return [status, headers.get('x-by'), headers.get('allow')]
}

describe('A method that the contract declares', () => {
  it.each([
    ['HEAD', '/extra/one', 204, 'headExtra'],
    ['OPTIONS', '/extra/one', 200, 'optionsExtra'],
    ['GET', '/extra/one', 200, 'getExtra'],
    ['HEAD', '/extra/two/head', 204, 'headAlone'],
  ])('%s %s is served by its own operation', async (method, path, status, by) => {
    expect(await ask(method, path)).toEqual([status, by, null])
  })

  it('stands beside the HEAD and OPTIONS that every other path has', async () => {
    expect(await ask('HEAD', '/extra/other')).toEqual([200, 'getOther', null])
    expect(await ask('OPTIONS', '/extra/other')).toEqual([204, null, expect.stringMatching(/GET.*OPTIONS/)])
    expect(await ask('OPTIONS', '/livez')).toEqual([204, null, expect.stringMatching(/GET.*OPTIONS/)])
  })

  it('is named once among those that a path takes', async () => {
    const [status, , allow] = await ask('DELETE', '/extra/one')
    expect(status).toBe(405)
    expect(String(allow).split(', ').toSorted()).toEqual(['GET', 'HEAD', 'OPTIONS'])
  })
})
