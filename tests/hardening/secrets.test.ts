import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { readAllLogs, readLog } from '../support/logs.ts'
import { asAdministrator } from '../support/postgres.ts'
import { sendRaw } from '../support/sendRaw.ts'

const canary = 'canary-7f3a'
/** Where a client puts what only the service should know. */
const secrets: Record<string, string> = {
  Authorization: `Bearer ${canary}-bearer`,
  'X-Api-Key': `${canary}-key`,
  Cookie: `session=${canary}-cookie`,
  'Proxy-Authorization': `Basic ${canary}-proxy`,
  'Idempotency-Key': `${canary}-idempotency`,
  Referer: `https://app.example/?token=${canary}-referer`,
}

let installation: Installation
let service: ChildService & { readonly port: number }
let logs: string
let database: string
/** The one that S3 takes, where the storage is S3. */
let awsSecret: string
const answers: string[] = []
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  awsSecret = installation.storage.AWS_SECRET_ACCESS_KEY ?? `${canary}-aws`
  logs = join(installation.dataDirectory, 'logs')
  const url = installation.databaseUrl ?? ''
  database = /\/(test_[0-9a-f]+)\?/.exec(url)?.[1] ?? ''
  const started = await installation.start({
    LOG_DIR: logs,
    LOG_LEVEL: 'debug',
    DATABASE_URL: url.replace('@/', `:${canary}-password@/`),
    DB_PASSWORD: `${canary}-unused`,
    AWS_SECRET_ACCESS_KEY: awsSecret,
    RESERVED_FREE_BYTES: '0',
  })
  service = { ...started, port: Number(new URL(started.url).port) }
})
afterAll(() => installation.remove())

async function visit(file: FileBody) {
  const query = `token=${canary}-query&X-Amz-Signature=${canary}-signature`
  const targets: [string, string, string?][] = [
    ['GET', `${filesPath}?${query}`],
    ['GET', `${filesPath}?name=${canary}-search`],
    ['GET', `${filesPath}/${file.id}`],
    ['GET', `${filesPath}/${file.id}/content`],
    [
      'PUT',
      `${filesPath}?file_name=a&metadata=%7B%22secret%22:%22${canary}-metadata%22%7D`,
      `${canary}-bytes`,
    ],
    ['PUT', `${filesPath}/${file.id}`, `{"secret":"${canary}-body"}`],
    ['DELETE', `${filesPath}/unknown?${query}`],
    ['POST', `${filesPath}?${query}`, `--${canary}-form`],
    ['GET', `http://user:${canary}-userinfo@evil.example/?${query}`],
    ['GET', '/readyz'],
    ['GET', '/healthcheck/'],
  ]
  for (const [method, path, body] of targets) {
    const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
    const type = path === `${filesPath}/${file.id}` ? { 'Content-Type': 'application/json' } : {}
    const answer = await sendRaw(service, method, path, { ...secrets, ...length, ...type }, body)
    if (answer.status >= 400) answers.push(answer.bytes.toString())
  }
}

/** Everything the service has said, wherever it said it. */
const everything = async () => {
  const { stdout, stderr } = service.output()
  return `${await readAllLogs(logs)}${stdout}${stderr}`
}

describe('a secret', () => {
  it('is in no line of the log, when all goes well and when the database is gone', async () => {
    const { body } = await upload(service, 'a file')
    await visit(body)
    await asAdministrator(`alter database ${database} with allow_connections false`)
    await asAdministrator(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`,
    )
    await visit(body)
    await eventually(async () => expect((await readLog(logs, 'error.log')).length).toBeGreaterThan(0))
    await asAdministrator(`alter database ${database} with allow_connections true`)
    await eventually(async () => expect((await send(service, '/readyz')).status).toBe(200))
    await visit(body)
    await service.stop()
    const said = await everything()
    expect(said).toContain('"status":503')
    expect(said.split('\n').filter((line) => line.includes(canary) || line.includes(awsSecret))).toEqual([])
  })
})

describe('a problem', () => {
  it('tells no secret, path, statement or name of the database', () => {
    expect(answers.length).toBeGreaterThan(10)
    const internals = [
      installation.dataDirectory,
      database,
      'postgres',
      'node_modules',
      'src/',
      'select ',
      'stack',
    ]
    for (const answer of answers) {
      const told = [...internals, `${canary}-password`, awsSecret].filter((text) => answer.includes(text))
      expect([answer, ...told]).toEqual([answer])
    }
  })
})
