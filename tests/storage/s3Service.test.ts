import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { download, freshText, send, upload } from '../support/client.ts'
import {
  announce,
  beginMultipart,
  completeMultipart,
  gif,
  sendDirect,
  sendPart,
  setStatus,
} from '../support/direct.ts'
import { eventually } from '../support/eventually.ts'
import { readLog } from '../support/logs.ts'
import { makeBucket, sendJson } from '../support/named.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { flipBit, refuse } from '../support/s3Double/meddling.ts'
import type { OperationName } from '../support/s3Double/operations.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { RefusalCode } from '../support/s3Double/refusal.ts'
import type { S3Double } from '../support/s3Double/server.ts'
import { armFailpoints, type StartedService, startService } from '../support/service.ts'

let double: S3Double
let service: StartedService
beforeAll(async () => {
  double = await startOwnDouble()
  const settings = toSettings(await createS3BucketOn(placeOf(double, 'crc32')))
  service = await startService({ ...settings, AWS_S3_DEADLINE_SECONDS: '3' })
})
afterAll(async () => {
  await service.stop()
  await double.stop()
})

const reads = () => double.calls.filter((call) => call === 'GetObject').length
const stored = () => Array.fromAsync(service.deps.storage.list())

describe('The service on S3', () => {
  it.each([0, 1, 5000, 11 * 2 ** 20])(
    'gives back %d bytes, whole and in ranges, and removes them',
    async (size) => {
      const bytes = randomBytes(size)
      const { status, body: file } = await upload(service, bytes)
      expect([status, file.file_hash]).toEqual([201, createHash('sha256').update(bytes).digest('hex')])
      expect((await download(service, file.id)).bytes.equals(bytes)).toBe(true)
      if (size > 0) {
        const { bytes: last } = await download(service, file.id, { headers: { Range: 'bytes=-1' } })
        expect(last.equals(bytes.subarray(-1))).toBe(true)
      }
      expect(await service.violations()).toEqual([])
      await send(service, `/service/fileupload/${file.id}`, { method: 'DELETE' })
      await eventually(async () => {
        await service.maintain()
        expect(await stored()).toEqual([])
      })
    },
  )

  it.each<[OperationName, RefusalCode, RegExp]>([
    ['GetObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['PutObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['DeleteObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['ListMultipartUploads', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['PutObject', 'ExpiredToken', /renew AWS_SESSION_TOKEN/],
    ['GetObject', 'NoSuchBucket', /check AWS_S3_BUCKET_NAME/],
    ['PutObject', 'SlowDown', /S3: it failed \(503 SlowDown/],
  ])(
    'is not ready while %s is answered %s, and tells its operator alone why',
    async (operation, code, why) => {
      const complaints = () => readLog(service.logDirectory, 'warn.log')
      const { length: before } = await complaints()
      double.meddle(operation, refuse(code))
      const { status, bytes } = await send(service, '/readyz')
      double.restore()
      expect(status).toBe(503)
      expect(bytes.toString()).not.toMatch(/AWS|S3:|Denied/)
      await eventually(async () => expect(JSON.stringify((await complaints()).slice(before))).toMatch(why))
      expect(await send(service, '/readyz')).toMatchObject({ status: 200 })
    },
  )

  it('answers 503 to an upload that the bucket refuses, and names nothing of it', async () => {
    double.meddle('PutObject', refuse('AccessDenied'), 1)
    const refused = await upload(service, freshText())
    expect(refused).toBeProblem(503, 'storage-unavailable')
    expect(refused.bytes.toString()).not.toMatch(/AWS|S3:|Denied/)
  })

  it.each(['PUT', 'POST'])(
    'makes what came by %s a file of its bytes, though they were read wrong at first',
    async (method) => {
      const bytes = gif(randomUUID())
      const { body } = await announce(service, bytes, { method })
      expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
      const before = reads()
      double.meddle('GetObject', flipBit, 1)
      expect((await setStatus(service, body.key, 'uploaded')).status).toBe(200)
      expect(reads() - before).toBe(2)
      expect((await download(service, body.key)).bytes).toEqual(bytes)
      expect(await service.violations()).toEqual([])
    },
  )

  it.each([[[1000]], [[5 * 2 ** 20]], [[5 * 2 ** 20, 6 * 2 ** 20 + 1, 10]]])(
    'makes parts of %p bytes a file of them, though they were read wrong at first',
    async (sizes) => {
      const { body } = await beginMultipart(service)
      const parts = sizes.map((size) => randomBytes(size))
      const named = []
      for (const [index, part] of parts.entries())
        named.push({ PartNumber: index + 1, ETag: await sendPart(service, body.uploadId, index + 1, part) })
      double.meddle('GetObject', flipBit, 1)
      expect((await completeMultipart(service, body.uploadId, named)).status).toBe(200)
      expect((await download(service, body.key)).bytes.equals(Buffer.concat(parts))).toBe(true)
      expect(await service.violations()).toEqual([])
    },
  )

  it('reads what came past it once, when S3 says that it was read right', async () => {
    const bytes = gif(randomUUID())
    const { body } = await announce(service, bytes, { method: 'PUT' })
    await sendDirect(service, body, bytes)
    const before = reads()
    await setStatus(service, body.key, 'uploaded')
    const parts = [randomBytes(5 * 2 ** 20), randomBytes(7)]
    const upload = (await beginMultipart(service)).body
    const named = []
    for (const [index, part] of parts.entries())
      named.push({ PartNumber: index + 1, ETag: await sendPart(service, upload.uploadId, index + 1, part) })
    await completeMultipart(service, upload.uploadId, named)
    expect(reads() - before).toBe(2)
  })

  it('puts nothing together that is larger than its bucket takes', async () => {
    const bucket = `b-${randomUUID()}`
    const { body } = await beginMultipart(service, { bucket })
    const named = [{ PartNumber: 1, ETag: await sendPart(service, body.uploadId, 1, randomBytes(1000)) }]
    await makeBucket(service, bucket, { max_file_size: 999 })
    await sendJson(service, 'PATCH', `/buckets/${bucket}`, { max_file_size: 999 })
    const { length } = double.calls
    expect(await completeMultipart(service, body.uploadId, named)).toBeProblem(413, 'file-too-large')
    expect(double.calls.slice(length)).not.toContain('CompleteMultipartUpload')
    expect(double.calls.slice(length)).not.toContain('GetObject')
  })

  it('lets no other list of parts take what S3 put together for a request that failed', async () => {
    const { body } = await beginMultipart(service)
    const [one, other] = [randomBytes(1000), randomBytes(1000)]
    const parts = [one, other].map(async (bytes, index) => ({
      PartNumber: index + 1,
      ETag: await sendPart(service, body.uploadId, index + 1, bytes),
    }))
    const [first, second] = (await Promise.all(parts)).map((part) => [part])
    await armFailpoints('U9=ECONNRESET@1')
    expect(await completeMultipart(service, body.uploadId, first ?? [])).toBeProblem(503)
    await armFailpoints('')
    expect(await completeMultipart(service, body.uploadId, second ?? [])).toBeProblem(409, 'upload-taken')
    expect((await completeMultipart(service, body.uploadId, first ?? [])).status).toBe(200)
    expect((await download(service, body.uploadId)).bytes.equals(one)).toBe(true)
  })

  it('hands on nothing of a file whose bytes the server changed', async () => {
    const { body: file } = await upload(service, freshText())
    double.meddle('GetObject', flipBit, 1)
    expect(await download(service, file.id)).toBeProblem(500, 'file-damaged')
    expect(await download(service, file.id)).toMatchObject({ status: 200 })
  })
})
