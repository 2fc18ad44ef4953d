import { createHash, randomBytes } from 'node:crypto'
import { type OutgoingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { StorageKey } from '../../src/model/blob.ts'
import type { DirectAccess, SentPart, SignedRequest } from '../../src/storage/directAccess.ts'
import { readBlocks } from '../../src/storage/readBlocks.ts'
import type { S3Location } from '../../src/storage/s3/client.ts'
import type { S3Storage, S3StorageOptions } from '../../src/storage/s3/s3.ts'
import { inBatches, newKey, newStagingKey, readAll, whole } from '../storage/storageContract.ts'
import { openS3 } from '../support/openS3.ts'
import { createS3Bucket, somewhereIn } from '../support/s3.ts'
import { createS3FaultProxy, type S3FaultProxy } from '../support/s3Faults.ts'

const mebibyte = 2 ** 20

let place: S3Location
let options: S3StorageOptions
let storage: S3Storage
let direct: DirectAccess
/** The way of clients to the server. */
let proxy: S3FaultProxy
const opened: S3Storage[] = []

beforeAll(async () => {
  place = await createS3Bucket()
  proxy = await createS3FaultProxy(place.endpoint ?? '')
  options = { ...somewhereIn(place), publicEndpoint: proxy.endpoint }
  storage = open(options)
  direct = directOf(storage)
})
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()))
  await proxy.close()
})

function open(wanted: S3StorageOptions): S3Storage {
  const created = openS3(wanted)
  opened.push(created)
  return created
}

function directOf({ direct: access }: S3Storage): DirectAccess {
  if (!access) throw new Error('S3 lets clients in')
  return access
}

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A client's request, header by header: fetch would add headers. */
async function send(
  method: string,
  url: string,
  { headers = {}, body = Buffer.alloc(0) }: { headers?: OutgoingHttpHeaders; body?: Buffer } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(url, { method, headers }, (answer) => {
    text(answer).then((body) => resolve({ status: answer.statusCode, headers: answer.headers, body }), reject)
  })
  sent.on('error', reject)
  sent.end(body)
  return await promise
}

async function post({ url, fields }: SignedRequest, body: Buffer): Promise<Answer> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([new Uint8Array(body)]), 'anything.bin')
  const answer = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
}

const put = ({ url, headers }: SignedRequest, body: Buffer, changed: OutgoingHttpHeaders = {}) =>
  send('PUT', url, { headers: { ...headers, 'Content-Length': body.length, ...changed }, body })

const hello = Buffer.from('hello, world')
const ofHello = { seconds: 60, size: hello.length, mediaType: 'text/plain' }
const read = async (key: StorageKey, size: number) =>
  await readAll(readBlocks(storage, key, whole(size), mebibyte))

async function expectRefused({ status, body }: Answer, key: StorageKey) {
  expect({ status, body }).toEqual({ status: expect.any(Number), body: expect.stringMatching(/<Code>/) })
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(await storage.size(key)).toBeUndefined()
}

describe('A signed form', () => {
  it('takes the bytes it was signed for, past the service, and answers 201', async () => {
    const key = newStagingKey()
    const signed = await direct.signPost(key, ofHello)
    expect(signed).toMatchObject({ method: 'POST', headers: {} })
    expect((await post(signed, hello)).status).toBe(201)
    expect(await read(key, hello.length)).toEqual(hello)
    expect(proxy.calls).toContain('PostObject')
  })

  it('takes an empty file, and one whose type was left open', async () => {
    const [empty, untyped] = [newStagingKey(), newStagingKey()]
    await post(await direct.signPost(empty, { seconds: 60, size: 0 }), Buffer.alloc(0))
    await post(await direct.signPost(untyped, { seconds: 60, size: 12 }), hello)
    expect([await storage.size(empty), await storage.size(untyped)]).toEqual([0, 12])
  })

  it.each<[string, Record<string, string>, Buffer]>([
    ['a byte more', {}, Buffer.concat([hello, hello.subarray(0, 1)])],
    ['a mebibyte more', {}, Buffer.alloc(hello.length + mebibyte)],
    ['a byte less', {}, hello.subarray(1)],
    ['nothing', {}, Buffer.alloc(0)],
    ['another key', { key: `elsewhere/${newKey()}` }, hello],
    ['another type', { 'Content-Type': 'text/html' }, hello],
    ['another status for its success', { success_action_status: '200' }, hello],
    ['a place to go to afterwards', { success_action_redirect: 'https://evil.example/' }, hello],
    ['metadata of its own', { 'x-amz-meta-owner': 'me' }, hello],
    ['rights of its own', { acl: 'public-read' }, hello],
    ['an encoding', { 'Content-Encoding': 'gzip' }, hello],
    ['a disposition', { 'Content-Disposition': 'inline' }, hello],
    ['another signature', { 'X-Amz-Signature': '0'.repeat(64) }, hello],
  ])('is refused with %s', async (_case, fields, body) => {
    const key = newStagingKey()
    const signed = await direct.signPost(key, ofHello)
    await expectRefused(await post({ ...signed, fields: { ...signed.fields, ...fields } }, body), key)
  })

  it.each(['key', 'Content-Type', 'success_action_status', 'Policy', 'X-Amz-Signature'])(
    'is refused without its field %s',
    async (name) => {
      const key = newStagingKey()
      const signed = await direct.signPost(key, ofHello)
      const { [name]: left, ...fields } = signed.fields
      expect(left).toBeDefined()
      await expectRefused(await post({ ...signed, fields }, hello), key)
    },
  )

  it('is refused when it has expired', async () => {
    const key = newStagingKey()
    const signed = await direct.signPost(key, { ...ofHello, seconds: 1 })
    await sleep(2100)
    await expectRefused(await post(signed, hello), key)
  })
})

describe('A signed PUT', () => {
  it('takes the bytes it was signed for, past the service', async () => {
    const key = newStagingKey()
    const signed = await direct.signPut(key, ofHello)
    expect(signed).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'text/plain' }, fields: {} })
    const { url, method, headers } = signed
    expect((await fetch(url, { method, headers, body: hello })).status).toBe(200)
    expect(await read(key, hello.length)).toEqual(hello)
  })

  it('takes an empty file', async () => {
    const key = newStagingKey()
    const signed = await direct.signPut(key, { ...ofHello, size: 0 })
    expect((await put(signed, Buffer.alloc(0))).status).toBe(200)
    expect(await storage.size(key)).toBe(0)
  })

  it.each<[string, OutgoingHttpHeaders, Buffer]>([
    ['a byte more', {}, Buffer.concat([hello, hello.subarray(0, 1)])],
    ['a byte less', {}, hello.subarray(1)],
    ['a size it does not tell', { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }, hello],
    ['another type', { 'Content-Type': 'text/html' }, hello],
    ['no type', { 'Content-Type': undefined }, hello],
  ])('is refused with %s', async (_case, changed, body) => {
    const key = newStagingKey()
    const signed = await direct.signPut(key, ofHello)
    const headers = { ...signed.headers, 'Content-Length': body.length, ...changed }
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    await expectRefused(await send('PUT', signed.url, { headers: sent, body }), key)
  })

  it.each<[string, (url: string, key: StorageKey) => string]>([
    ['another key', (url, key) => url.replace(key, newStagingKey())],
    ['more time', (url) => url.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000')],
    ['another signature', (url) => url.replace(/X-Amz-Signature=\w+/, `X-Amz-Signature=${'0'.repeat(64)}`)],
    ['a part of an upload', (url) => `${url}&partNumber=1&uploadId=none`],
  ])('is refused with %s in its URL', async (_case, change) => {
    const key = newStagingKey()
    const signed = await direct.signPut(key, ofHello)
    const url = change(signed.url, key)
    expect(url).not.toBe(signed.url)
    await expectRefused(await put({ ...signed, url }, hello), key)
  })

  it('is refused when it has expired', async () => {
    const key = newStagingKey()
    const signed = await direct.signPut(key, { ...ofHello, seconds: 1 })
    await sleep(2100)
    await expectRefused(await put(signed, hello), key)
  })
})

describe('A SHA-256', () => {
  const sha256 = createHash('sha256').update(hello).digest('hex')
  const inBase64 = Buffer.from(sha256, 'hex').toString('base64')
  let strict: DirectAccess
  beforeAll(() => {
    strict = directOf(open({ ...options, proof: 'crc32' }))
  })

  it('is a signed header of a PUT and a field of a form, which cannot be left out', async () => {
    const key = newStagingKey()
    const signedPut = await strict.signPut(key, { ...ofHello, sha256 })
    expect(signedPut.headers).toMatchObject({ 'x-amz-checksum-sha256': inBase64 })
    await expectRefused(await put({ ...signedPut, headers: { 'Content-Type': 'text/plain' } }, hello), key)
    const { fields, ...signedPost } = await strict.signPost(key, { ...ofHello, sha256 })
    const { 'x-amz-checksum-sha256': checksum, ...others } = fields
    expect(checksum).toBe(inBase64)
    await expectRefused(await post({ ...signedPost, fields: others }, hello), key)
    expect((await put(signedPut, hello)).status).toBe(200)
  })

  it('is asked for only where the server knows checksums, which then refuses other bytes', async () => {
    const others = Buffer.from('HELLO, world')
    const [putKey, postKey] = [newStagingKey(), newStagingKey()]
    const signedPut = await direct.signPut(putKey, { ...ofHello, sha256 })
    const signedPost = await direct.signPost(postKey, { ...ofHello, sha256 })
    const asked = [signedPut.headers, signedPost.fields].map((each) => each['x-amz-checksum-sha256'])
    const statuses = [(await put(signedPut, others)).status, (await post(signedPost, others)).status]
    if (options.proof === 'crc32')
      expect([asked, statuses]).toEqual([
        [inBase64, inBase64],
        [400, 400],
      ])
    else
      expect([asked, statuses]).toEqual([
        [undefined, undefined],
        [200, 201],
      ])
  })
})

describe('A signed URL to read', () => {
  const disposition = `attachment; filename="a b.html"; filename*=UTF-8''%C3%A4%20b.html`
  const wanted = { seconds: 60, mediaType: 'text/plain; charset=utf-8', disposition }
  const sign = async (...words: Parameters<DirectAccess['signRead']>) =>
    (await direct.signRead(...words)) ?? ''
  let key: StorageKey
  beforeAll(async () => {
    key = newKey()
    await storage.write(key, inBatches(hello, 5))
  })

  it('gives the bytes, all or a range, with type, disposition and caching as they were signed', async () => {
    const url = await sign(key, wanted)
    expect(url.startsWith(proxy.endpoint)).toBe(true)
    const { status, headers, body } = await send('GET', url)
    expect([status, body]).toEqual([200, String(hello)])
    expect(headers).toMatchObject({
      'content-type': wanted.mediaType,
      'content-disposition': disposition,
      'cache-control': 'private',
    })
    const range = await send('GET', url, { headers: { Range: 'bytes=1-3' } })
    expect([range.status, range.body]).toEqual([206, 'ell'])
  })

  it.each<[string, (url: string) => string]>([
    ['another key', (url) => url.replace(key, newKey())],
    ['another type', (url) => url.replace('text%2Fplain', 'text%2Fhtml')],
    ['another disposition', (url) => url.replace('=attachment', '=inline')],
    ['no disposition', (url) => url.replace(/&response-content-disposition=[^&]*/, '')],
    ['no signature', (url) => url.replace(/\?.*/, '')],
  ])('is refused with %s', async (_case, change) => {
    const url = await sign(key, wanted)
    expect(change(url)).not.toBe(url)
    expect(await send('GET', change(url))).toMatchObject({ status: 403 })
  })

  it('reads, and neither writes nor deletes', async () => {
    const url = await sign(key, wanted)
    for (const method of ['PUT', 'DELETE', 'POST'])
      expect((await send(method, url, { body: hello })).status).toBeGreaterThanOrEqual(400)
    expect(await read(key, hello.length)).toEqual(hello)
  })

  it('is refused when it has expired', async () => {
    const url = await sign(key, { ...wanted, seconds: 1 })
    await sleep(2100)
    expect(await send('GET', url)).toMatchObject({ status: 403 })
  })
})

describe('An upload in parts', () => {
  const first = randomBytes(5 * mebibyte)
  const last = randomBytes(1000)

  async function begin() {
    const key = newStagingKey('3c')
    const uploadId = await direct.beginParts(key)
    return { key, uploadId, sendPart: sendTo(key, uploadId) }
  }
  const sendTo = (key: StorageKey, uploadId: string) => async (partNumber: number, body: Buffer) => {
    const signed = await direct.signPart(key, uploadId, partNumber, 60)
    return await put({ method: 'PUT', ...signed, headers: {}, fields: {} }, body)
  }
  const partOf = (partNumber: number, bytes: Buffer, { headers }: Answer): SentPart => ({
    partNumber,
    etag: String(headers.etag),
    size: bytes.length,
  })

  it('becomes the bytes of its parts, in whichever order they were sent and named', async () => {
    const { key, uploadId, sendPart } = await begin()
    const second = partOf(2, last, await sendPart(2, last))
    const parts = [partOf(1, first, await sendPart(1, first)), second]
    expect(await direct.listParts(key, uploadId)).toEqual(parts)
    expect(await storage.size(key)).toBeUndefined()
    expect(await direct.completeParts(key, uploadId, parts.toReversed())).toBe(first.length + last.length)
    expect((await read(key, first.length + 1000)).equals(Buffer.concat([first, last]))).toBe(true)
  })

  it('may send a part again, and is completed once however often it is asked for', async () => {
    const { key, uploadId, sendPart } = await begin()
    await sendPart(1, randomBytes(10))
    const parts = [partOf(1, last, await sendPart(1, last))]
    expect(await direct.listParts(key, uploadId)).toEqual(parts)
    const sizes = await Promise.all([1, 2, 3].map(() => direct.completeParts(key, uploadId, parts)))
    expect(sizes).toEqual([1000, 1000, 1000])
    expect(await direct.completeParts(key, uploadId, parts)).toBe(1000)
    expect(await read(key, 1000)).toEqual(last)
  })

  it('lists more parts than one page has', async () => {
    const { key, uploadId, sendPart } = await begin()
    const numbers = Array.from({ length: 1003 }, (_, index) => index * 2 + 1)
    const queue = numbers.values()
    const worker = async () => {
      for (const number of queue) await sendPart(number, Buffer.from(String(number)))
    }
    await Promise.all(Array.from({ length: 24 }, worker))
    const listed = await direct.listParts(key, uploadId)
    expect(listed.map(({ partNumber }) => partNumber)).toEqual(numbers)
    expect(listed.map(({ size }) => size)).toEqual(numbers.map((number) => String(number).length))
    await storage.delete(key)
  })

  it('has no parts at first, is found by the scan, and is gone when it is deleted', async () => {
    const { key, uploadId, sendPart } = await begin()
    expect(await direct.listParts(key, uploadId)).toEqual([])
    await sendPart(1, last)
    expect(await Array.fromAsync(storage.list('3c'))).toContainEqual({ key, finished: false })
    await storage.delete(key)
    expect((await Array.fromAsync(storage.list('3c'))).filter((found) => found.key === key)).toEqual([])
    await expect(direct.listParts(key, uploadId)).rejects.toMatchObject({ code: 'upload-not-found' })
    expect((await sendPart(2, last)).status).toBe(404)
  })

  it('is not found under another id, nor under another key', async () => {
    const { key, uploadId } = await begin()
    const parts = [{ partNumber: 1, etag: `"${'0'.repeat(32)}"` }]
    const notFound = { code: 'upload-not-found' }
    for (const [otherKey, otherId] of [
      [key, 'none'],
      [newStagingKey(), uploadId],
    ] as const) {
      await expect(direct.listParts(otherKey, otherId)).rejects.toMatchObject(notFound)
      await expect(direct.completeParts(otherKey, otherId, parts)).rejects.toMatchObject(notFound)
    }
  })

  it('is not completed with parts that are not there, or too small', async () => {
    const { key, uploadId, sendPart } = await begin()
    const small = [partOf(1, last, await sendPart(1, last)), partOf(2, last, await sendPart(2, last))]
    const wrong = [
      [],
      small,
      [{ partNumber: 1, etag: `"${'0'.repeat(32)}"` }],
      [{ partNumber: 3, etag: small[0]?.etag ?? '' }],
    ]
    for (const parts of wrong)
      await expect(direct.completeParts(key, uploadId, parts)).rejects.toMatchObject({
        code: 'parts-invalid',
      })
    expect(await storage.size(key)).toBeUndefined()
    expect(await direct.listParts(key, uploadId)).toHaveLength(2)
  })

  it.each<[string, (url: string, key: StorageKey) => string]>([
    ['another number', (url) => url.replace('partNumber=1', 'partNumber=2')],
    ['another upload', (url) => url.replace(/uploadId=[^&]*/, 'uploadId=other')],
    ['another key', (url, key) => url.replace(key, newStagingKey())],
    ['no part at all', (url) => url.replace(/&(partNumber|uploadId)=[^&]*/g, '')],
  ])('refuses a part with %s in its URL', async (_case, change) => {
    const { key, uploadId } = await begin()
    const { url, seconds } = await direct.signPart(key, uploadId, 1, 60)
    const changed = change(url, key)
    expect(changed).not.toBe(url)
    expect(await put({ method: 'PUT', url: changed, seconds, headers: {}, fields: {} }, last)).toMatchObject({
      status: 403,
    })
    expect(await direct.listParts(key, uploadId)).toEqual([])
  })

  it('is complete when only the answer to its completion was lost', async () => {
    const behindProxy = directOf(open({ ...options, endpoint: proxy.endpoint }))
    for (const fault of ['reset after', { status: 200, code: 'InternalError' }] as const) {
      const { key, uploadId, sendPart } = await begin()
      const parts = [partOf(1, last, await sendPart(1, last))]
      if (fault !== 'reset after') await direct.completeParts(key, uploadId, parts)
      proxy.inject('CompleteMultipartUpload', fault)
      expect(await behindProxy.completeParts(key, uploadId, parts)).toBe(1000)
    }
  })
})
