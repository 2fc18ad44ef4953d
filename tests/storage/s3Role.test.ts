import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildService, createInstallation, type Installation } from '../support/childService.ts'
import { upload } from '../support/client.ts'
import { announce, beginMultipart, gif, sendDirect, setStatus } from '../support/direct.ts'
import { follow, namedLink, putNamed } from '../support/named.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { placeOf } from '../support/s3Double/place.ts'
import { type S3Double, startS3Double } from '../support/s3Double/server.ts'

const role = { accessKeyId: 'ROLE', secretAccessKey: 'of the role', sessionToken: 'of an hour' }
const expires = new Date(Date.now() + 3_600_000)

let double: S3Double
let task: Server
let installation: Installation
let service: ChildService
beforeAll(async () => {
  const region = 'us-east-1'
  double = await startS3Double({ keys: [{ ...role, expires }], region, port: 0 })
  // The server that a container asks for the credentials of its role.
  task = createServer((_req, res) => {
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = role
    res.end(JSON.stringify({ AccessKeyId, SecretAccessKey, Token, Expiration: expires.toISOString() }))
  }).listen(0, '127.0.0.1')
  await once(task, 'listening')
  installation = await createInstallation({ postgres: 'shared' })
  const bucket = await createS3BucketOn({ ...placeOf(double, 'crc32'), credentials: role })
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...settings } = toSettings(bucket)
  service = await installation.start({
    ...settings,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(task.address() as AddressInfo).port}/role`,
    SIGNED_URL_EXPIRATION: '7200',
  })
  await putNamed(service, 'hello.txt', 'hello', { bucket: 'docs' })
})
afterEach(() => double.setClock(0))
afterAll(async () => {
  await service.stop()
  task.close()
  await installation.remove()
  await double.stop()
})

const link = async (query: string) =>
  (await namedLink(service, 'docs', 'hello.txt', query)).body.data?.location ?? ''
/** Seconds until then. */
const until = (time: string) => (new Date(time).getTime() - Date.now()) / 1000

describe('A service with the credentials of a role', () => {
  it('stores files, and signs links with them that last no longer', async () => {
    expect((await upload(service, 'by the role')).status).toBe(201)
    const url = await link('?expires_in=600')
    expect(url).toMatch(new RegExp(`^${double.endpoint}`))
    expect((await follow(service, url)).bytes.toString()).toBe('hello')
  })

  it('serves links itself that last longer than the credentials', async () => {
    const url = await link('?expires_in=86400')
    expect(url).toMatch(/^\/links\//)
    expect((await follow(service, url)).bytes.toString()).toBe('hello')
  })

  it.each(['POST', 'PUT'])('says that a request by %s ends with the credentials', async (method) => {
    const bytes = gif(method)
    const { body } = await announce(service, bytes, { method })
    expect(until(body.expires_at)).toBeLessThanOrEqual(until(expires.toISOString()) + 1)
    expect(until(body.expires_at)).toBeGreaterThan(60)
    expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
    expect((await setStatus(service, body.key, 'uploaded')).status).toBe(200)
  })

  it('says that the URLs of parts end with the credentials', async () => {
    const { body } = await beginMultipart(service)
    const answer = await follow(service, `/s3/multipart/${body.uploadId}/1?key=${body.key}`)
    const { expires: seconds } = JSON.parse(answer.bytes.toString())
    expect(seconds).toBeLessThanOrEqual(until(expires.toISOString()) + 1)
    expect(seconds).toBeGreaterThan(60)
  })
})
