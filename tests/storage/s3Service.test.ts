import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { download, freshText, send, upload } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { readLog } from '../support/logs.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { flipBit, refuse } from '../support/s3Double/meddling.ts'
import type { OperationName } from '../support/s3Double/operations.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { RefusalCode } from '../support/s3Double/refusal.ts'
import type { S3Double } from '../support/s3Double/server.ts'
import { startService, type TestService } from '../support/service.ts'

let double: S3Double
let service: TestService
beforeAll(async () => {
  double = await startOwnDouble()
  const settings = toSettings(await createS3BucketOn(placeOf(double, 'crc32')))
  service = await startService({ ...settings, AWS_S3_DEADLINE_SECONDS: '3' })
})
afterAll(async () => {
  await service.stop()
  await double.stop()
})

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
      double.meddle(operation, refuse(code), 20)
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

  it('hands on nothing of a file whose bytes the server changed', async () => {
    const { body: file } = await upload(service, freshText())
    double.meddle('GetObject', flipBit, 1)
    expect(await download(service, file.id)).toBeProblem(500, 'file-damaged')
    expect(await download(service, file.id)).toMatchObject({ status: 200 })
  })
})
