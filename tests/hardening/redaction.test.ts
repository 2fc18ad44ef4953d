import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { filesPath, freshText, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { readAllLogs, readLog } from '../support/logs.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { S3Double } from '../support/s3Double/server.ts'
import { createS3FaultProxy, type S3FaultProxy } from '../support/s3Faults.ts'
import { sendRaw } from '../support/sendRaw.ts'
import { type StartedService, startService } from '../support/service.ts'

const key = newCredential('key')
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const claims = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"canary-user"}')}`
const jwt = `${claims}.${createHmac('sha256', 'secret').update(claims).digest('base64url')}`
const signature = createHmac('sha256', 'secret').update('link').digest('base64url')

/** Every kind of secret, each behind the kind of text that people put in front of it. */
const canary = `key:${key.text} ${jwt}, X-Amz-Signature=${signature}`
const encoded = encodeURIComponent(canary)
/** Each character as an escape, which a path may hold instead; and the same, escaped once more. */
const inEscapes = (text: string) =>
  [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')
const twice = (text: string) => inEscapes(text).replaceAll('%', '%25')
/** The first of the characters of the secret, as an escape. */
const oneEscape = `${key.text.slice(0, 17)}${inEscapes(key.text.charAt(17))}${key.text.slice(18)}`

/** What no line may hold: the secret of the key, the claims of the JWT, its signature, and that of the link. */
const secrets = [key.text.slice(18), ...jwt.split('.').slice(1), signature].flatMap((secret) => [
  secret,
  inEscapes(secret),
  twice(secret),
])

let double: S3Double
let proxy: S3FaultProxy
let service: StartedService
beforeAll(async () => {
  double = await startOwnDouble()
  proxy = await createS3FaultProxy(double.endpoint)
  const settings = toSettings(await createS3BucketOn(placeOf(double, 'crc32')))
  service = await startService({ ...settings, AWS_S3_ENDPOINT: proxy.endpoint, AWS_S3_DEADLINE_SECONDS: '3' })
})
afterAll(async () => {
  await service.stop()
  await proxy.close()
  await double.stop()
})

type Send = () => Promise<{ readonly headers: Headers; readonly status: number }>

const put = (headers: Record<string, string>, query = '') =>
  sendRaw(service, 'PUT', `${filesPath}${query}`, headers, freshText())

async function failInDatabase() {
  await sql`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no place for %', new.name; end $$`.execute(service.deps.db)
  await sql`create trigger refuse before insert on files for each row execute function refuse()`.execute(
    service.deps.db,
  )
  const answer = await upload(service, freshText(), { name: canary })
  await sql`drop function refuse cascade`.execute(service.deps.db)
  expect(answer.status).toBe(500)
  return answer
}

async function failInS3() {
  const body = `<Error><Code>InvalidRequest</Code><Message>Not allowed: ${canary}</Message></Error>`
  proxy.inject('PutObject', { status: 400, body }, 10)
  const answer = await upload(service, freshText())
  proxy.heal()
  expect(answer.status).toBeGreaterThanOrEqual(500)
  return answer
}

describe('the log holds no secret', () => {
  it.each<[string, Send]>([
    ['a header', () => put({ 'X-Api-Key': key.text, Authorization: `Bearer ${jwt}`, Cookie: canary })],
    ['the path', () => send(service, `/${key.text}/${jwt}/signature=${signature}`)],
    ['a path with an encoded secret', () => send(service, `${filesPath}/${encoded}`)],
    ['the path, with another underscore', () => send(service, `/${key.text.replace('_', '%5f')}`)],
    [
      'a path with a letter of the prefix in escapes',
      () => send(service, `/file/acme/%75${key.text.slice(1)}`),
    ],
    ['a path with a character of the secret in escapes', () => send(service, `/file/acme/${oneEscape}`)],
    ['a path in escapes', () => send(service, `/${inEscapes(`${key.text}/${jwt}/signature=${signature}`)}`)],
    ['a path in escapes of escapes', () => send(service, `/${twice(`${key.text}/${jwt}`)}`)],
    ['a path in escapes and bytes that are no text', () => send(service, `/%ff/${inEscapes(key.text)}`)],
    ['the query', () => send(service, `${filesPath}?name=${encoded}&signature=${signature}`)],
    ['a form field', () => upload(service, freshText(), { fields: { file_name: canary, metadata: canary } })],
    ['the name of a form field', () => upload(service, freshText(), { fields: { [canary]: canary } })],
    ['the name of a file', () => upload(service, freshText(), { name: canary })],
    ['the user agent', () => put({ 'User-Agent': canary })],
    ['the request id', () => put({ 'X-Request-Id': key.text })],
    ['the request id, a JWT', () => put({ 'X-Request-Id': jwt.slice(0, 128) })],
    ['an error of the database', failInDatabase],
    ['an error of S3', failInS3],
  ])('of %s', async (_place, request) => {
    const before = (await readLog(service.logDirectory, 'debug.log')).length
    await request()
    const lines = await eventually(async () => {
      const added = (await readLog(service.logDirectory, 'debug.log')).slice(before)
      expect(added.map(({ message }) => message)).toContain('Request')
      return added
    })
    const said = await readAllLogs(service.logDirectory)
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([])
    expect(lines.length).toBeGreaterThan(0)
  })

  it('and tells which key it was', async () => {
    const said = await readAllLogs(service.logDirectory)
    expect(said).toContain(`/upfk_${key.id}/jwt…/signature="`)
    expect(said).toContain(`"path":"/file/acme/upfk_${key.id}"`)
    expect(said).toContain(`no place for key:upfk_${key.id} jwt…, X-Amz-Signature=`)
    expect(said).toContain(`Not allowed: key:upfk_${key.id} jwt…, X-Amz-Signature=`)
  })
})
