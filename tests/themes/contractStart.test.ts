import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { childEnvironment } from '../support/childEnvironment.ts'
import { createDatabase } from '../support/postgres.ts'

const repository = resolve(import.meta.dirname, '../..')
const directories: string[] = []
let database: Awaited<ReturnType<typeof createDatabase>>
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(async () => {
  await database.drop()
  for (const directory of directories) await rm(directory, { recursive: true, force: true })
})

const extra = `  /extra:
    get:
      operationId: getExtra
      security: []
      responses:
        '200': { description: Nobody serves this. }
`

const securityOf = (list: string) => `operationId: getFile\n      security: ${list}\n`

describe('a contract that is not served', () => {
  it.each([
    ['an operation without a handler', (yaml: string) => yaml + extra, /Without a handler: \[getExtra\]/],
    [
      'a handler without an operation',
      (yaml: string) => yaml.replace(/^ {2}\/livez:\n( {4}.*\n)*/m, ''),
      /Without an operation in the spec: \[getLiveness\]/,
    ],
    [
      'an operation without an operationId',
      (yaml: string) => yaml.replace(/^ *operationId: getLiveness$/m, ''),
      /GET \/livez needs an operationId/,
    ],
    ['a document that is no OpenAPI', () => 'paths: 5', /Without an operation in the spec/],
    [
      'a reference that leads nowhere',
      (yaml: string) => yaml.replaceAll('schemas/Liveness', 'schemas/Life'),
      /Life/,
    ],
    [
      'an operation without security',
      (yaml: string) =>
        yaml.replace('operationId: getFile\n      security: *read\n', 'operationId: getFile\n'),
      /getFile has no security/,
    ],
    [
      'security for the whole document',
      (yaml: string) => `${yaml}security: []\n`,
      /the document has a global security/,
    ],
    [
      'an unknown scope',
      (yaml: string) =>
        yaml.replace('operationId: getFile\n      security: *read\n', securityOf('[{ accessKey: [see] }]')),
      /getFile has the unknown scope see/,
    ],
    [
      'an unknown scheme',
      (yaml: string) =>
        yaml.replace('operationId: getFile\n      security: *read\n', securityOf('[{ password: [] }]')),
      /getFile has the unknown scheme password/,
    ],
    [
      'an operation that lets everyone in without a rule',
      (yaml: string) => yaml.replace('operationId: getFile\n      security: *read\n', securityOf('[{}]')),
      /getFile lets everyone in without a rule for that/,
    ],
  ])('stops the start: %s', async (_case, change, complaint) => {
    const { code, output } = await startWith(change)
    expect(output).toMatch(complaint)
    expect(output).not.toMatch(/Listening/)
    expect(code).toBe(1)
  })
})

/** Starts the service with another contract, and waits for its end. */
async function startWith(change: (yaml: string) => string) {
  const directory = await mkdtemp(join(tmpdir(), 'upfile-contract-'))
  directories.push(directory)
  for (const part of ['src', 'api', 'migrations', 'package.json'])
    await cp(join(repository, part), join(directory, part), { recursive: true })
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'))
  const path = join(directory, 'api/openapi.yaml')
  const yaml = await readFile(path, 'utf8')
  expect(change(yaml)).not.toBe(yaml)
  await writeFile(path, change(yaml))

  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: directory,
    env: {
      ...childEnvironment,
      DATABASE_URL: database.url,
      DATA_DIR: join(directory, 'data'),
      PORT: '0',
      ENVIRONMENT: 'testing',
    },
    timeout: 90_000,
  })
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, output: `${stdout}${stderr}` }
}
