import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessContract } from '../s3/accessContract.ts'
import { presign } from '../s3/presignedCases.ts'
import { serverContract } from '../s3/serverContract.ts'
import { eventually } from '../support/eventually.ts'
import { doubleKey, placeOf } from '../support/s3Double/place.ts'
import { type S3Double, startS3Double } from '../support/s3Double/server.ts'
import {
  createS3UnderTest,
  createTestClient,
  endOf,
  newName,
  put,
  type S3UnderTest,
  stateOf,
} from '../support/s3UnderTest.ts'

const role = { accessKeyId: 'role', secretAccessKey: 'secret', sessionToken: 'token' }
const formerRole = { ...role, accessKeyId: 'former', expires: new Date(0) }

let starting: Promise<S3Double> | undefined
function start(): Promise<S3Double> {
  starting ??= startS3Double({ keys: [doubleKey, role, formerRole], region: 'us-east-1', port: 0 })
  return starting
}
const find = async () => placeOf(await start(), 'crc32')
afterAll(async () => (await start()).stop())

describe('The S3 server of the tests, held to what Amazon does', () => {
  serverContract('double', find)
  accessContract('double', find)
})

describe('The S3 server of the tests, where it alone can be asked,', () => {
  let double: S3Double
  let s3: S3UnderTest
  beforeAll(async () => {
    double = await start()
    s3 = await createS3UnderTest(await find())
  })
  afterAll(() => s3.client.destroy())

  /** Begins to send five bytes on condition that nothing is there, and waits until the server has judged the head. */
  async function beginPut(Key: string) {
    const onlyNew = { unhoistable: ['if-none-match'], signed: ['if-none-match', 'host'] }
    const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, IfNoneMatch: '*' })
    const url = await presign(s3, command, onlyNew)
    const calls = double.calls.length
    const sending = request(url, { method: 'PUT', headers: { 'if-none-match': '*', 'content-length': '5' } })
    sending.write('he')
    await eventually(() => expect(double.calls.length).toBe(calls + 1))
    return sending
  }

  it.each(['put', 'deleted'])('lets who was overtaken by something %s try again', async (what) => {
    const key = newName()
    const sending = await beginPut(key)
    await put(s3, key)
    if (what === 'deleted') await s3.client.send(new DeleteObjectCommand({ Bucket: s3.s3Bucket, Key: key }))
    sending.end('llo')
    const [answer]: IncomingMessage[] = await once(sending, 'response')
    expect(answer?.statusCode).toBe(409)
    expect(answer && (await text(answer))).toContain('<Code>ConditionalRequestConflict</Code>')
  })

  it('keeps nothing of what broke off', async () => {
    const key = newName()
    const sending = await beginPut(key)
    sending.on('error', () => {}).destroy()
    const again = await beginPut(key)
    again.end('llo')
    const [answer]: IncomingMessage[] = await once(again, 'response')
    expect(answer?.resume().statusCode).toBe(200)
    expect(await stateOf(s3, key)).toMatchObject({ ContentLength: 5 })
  })

  it.each([
    ['with its token', role, 'done'],
    ['without its token', { ...role, sessionToken: '' }, '400 InvalidToken'],
    ['with a token that has expired', formerRole, '400 ExpiredToken'],
  ])('knows a role %s', async (_case, { accessKeyId, secretAccessKey, sessionToken }, end) => {
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) }
    const client = createTestClient({ ...s3.place, credentials })
    const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key: newName(), Body: 'x' })
    expect(await endOf(client.send(command))).toBe(end)
    client.destroy()
  })

  it.each(['acl', 'versioning', 'tagging', 'anything'])(
    'refuses ?%s, which it does not know',
    async (name) => {
      expect(await endOf(fetch(`${double.endpoint}/${s3.s3Bucket}?${name}`))).toBe('501 NotImplemented')
    },
  )
})
