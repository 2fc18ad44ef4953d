import { lookup } from 'node:dns'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { S3ServerPlace } from '../support/s3.ts'
import {
  createS3UnderTest,
  createTestClient,
  endOf,
  expectEnd,
  newName,
  put,
  type S3Case,
  type S3UnderTest,
  toTest,
} from '../support/s3UnderTest.ts'
import { forms, sendForm } from './formCases.ts'
import { presign, presignedConditions, presignedPuts } from './presignedCases.ts'
import { oddNames, readOddName, signatures } from './signatureCases.ts'

/** The permissions that a server has to check; `serverContract` has its other behaviour. */
export function accessContract(server: string, find: () => Promise<S3ServerPlace>): void {
  let s3: S3UnderTest
  beforeAll(async () => {
    s3 = await createS3UnderTest(await find())
  })
  afterAll(() => s3.client.destroy())

  const tests = (cases: readonly S3Case[]) =>
    it.each(cases.map((each) => toTest(server, each)))('%s', (_sentence, each) => expectEnd(s3, each))

  describe('A request signed', () => {
    tests(signatures)

    it.each(oddNames)('for %s means that name', async (name) => {
      expect(await readOddName(s3, `odd/${name}`)).toBe('odd')
    })

    it('with the bucket in the name of the host', async () => {
      const endpoint = new URL(s3.place.endpoint ?? '')
      endpoint.hostname = 'localhost'
      const client = createTestClient(
        { ...s3.place, endpoint: endpoint.href, forcePathStyle: false },
        {
          requestHandler: {
            // No resolver has to know the names below localhost.
            httpAgent: new Agent({ lookup: (_host, options, done) => lookup('127.0.0.1', options, done) }),
          },
        },
      )
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'there' }))
      client.destroy()
      const { ContentLength } = await s3.client.send(new HeadObjectCommand({ Bucket, Key }))
      expect(ContentLength).toBe(5)
    })
  })

  describe('A presigned PUT with', () => tests(presignedPuts))
  describe('A presigned PUT if nothing is there,', () => tests(presignedConditions))

  describe('A presigned GET', () => {
    const wished = {
      ResponseContentType: 'text/plain',
      ResponseContentDisposition: 'attachment; filename="a.txt"',
      ResponseCacheControl: 'no-store',
    }

    it('answers with the headers that were signed', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key)
      const answer = await fetch(await presign(s3, new GetObjectCommand({ Bucket, Key, ...wished })))
      expect(await answer.text()).toBe('there')
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': wished.ResponseContentType,
        'content-disposition': wished.ResponseContentDisposition,
        'cache-control': wished.ResponseCacheControl,
      })
    })

    it.each([
      [
        'other headers than were signed',
        (url: URL) => url.searchParams.set('response-content-type', 'text/html'),
      ],
      ['headers that were not signed', (url: URL) => url.searchParams.set('response-expires', '0')],
      ['HEAD', undefined],
    ])('refuses %s', async (_case, change) => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key)
      const url = new URL(await presign(s3, new GetObjectCommand({ Bucket, Key, ...wished })))
      change?.(url)
      const { status } = await fetch(url, { method: change ? 'GET' : 'HEAD' })
      expect(status).toBe(403)
    })

    it('gives ranges', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key)
      const url = await presign(s3, new GetObjectCommand({ Bucket, Key }))
      const answer = await fetch(url, { headers: { range: 'bytes=1-2' } })
      expect([answer.status, await answer.text()]).toEqual([206, 'he'])
    })

    it('is refused once it has expired', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key)
      const url = await presign(s3, new GetObjectCommand({ Bucket, Key }), { seconds: 1 })
      await sleep(2500)
      expect(await endOf(fetch(url))).toBe('403 AccessDenied')
    })
  })

  describe('A form', () => {
    tests(forms)

    it.each([
      [undefined, 204],
      ['200', 200],
      ['201', 201],
      ['204', 204],
    ])('that wishes for %s is answered %d', async (wish, status) => {
      const key = newName()
      const signedFields: Record<string, string> = wish === undefined ? {} : { success_action_status: wish }
      const answer = await sendForm(s3, key, { signedFields })
      expect(answer.status).toBe(status)
      const text = await answer.text()
      if (status === 201) expect(text).toContain(`<Key>${key}</Key>`)
      const { ETag, ContentLength } = await s3.client.send(
        new HeadObjectCommand({ Bucket: s3.s3Bucket, Key: key }),
      )
      const told = server === 'radosgw 16' ? null : ETag
      expect([answer.headers.get('etag'), ContentLength]).toEqual([told, 5])
    })
  })

  describe('A page of another origin', () => {
    it('may send and read', async () => {
      const url = await presign(s3, new PutObjectCommand({ Bucket: s3.s3Bucket, Key: newName() }))
      const origin = 'http://page.example'
      const asking = {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type',
      }
      const preflight = await fetch(url, { method: 'OPTIONS', headers: asking })
      const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { origin } })
      expect(answer.status).toBe(200)
      const allowed = [preflight, answer].map(({ headers }) => headers.get('access-control-allow-origin'))
      // A real bucket wants rules first; the double is for every page.
      expect([preflight.status, ...allowed]).toEqual(
        server === 'double' ? [200, '*', '*'] : [403, null, null],
      )
      if (server === 'double') expect(answer.headers.get('access-control-expose-headers')).toMatch(/ETag/)
    })
  })
}
