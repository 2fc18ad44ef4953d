import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { send } from '../support/client.ts'
import { beginMultipart, completeMultipart, sendPart } from '../support/direct.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { S3Double } from '../support/s3Double/server.ts'

let double: S3Double
let installation: Installation
beforeAll(async () => {
  double = await startOwnDouble()
  installation = await createInstallation({ postgres: 'shared' })
})
afterAll(async () => {
  await installation.remove()
  await double.stop()
})

describe('An upload in parts whose S3 the service moves away from', () => {
  it('is gone at once, so that its sender begins anew and does not fail at the end', async () => {
    const onS3 = toSettings(await createS3BucketOn(placeOf(double, 'crc32')))
    const before = await installation.start(onS3)
    const { body } = await beginMultipart(before)
    const named = [{ PartNumber: 1, ETag: await sendPart(before, body.uploadId, 1, Buffer.from('a part')) }]
    await before.stop()

    const after = await installation.start({ ...onS3, STORAGE: 'volume', STORAGE_FROM: 's3' })
    const path = `/s3/multipart/${body.uploadId}`
    for (const target of [path, `${path}/2`])
      expect(await send(after, target)).toBeProblem(404, 'upload-not-found')
    expect(await completeMultipart(after, body.uploadId, named)).toBeProblem(404, 'upload-not-found')
    expect((await send(after, path, { method: 'DELETE' })).status).toBe(200) // what came of it is given up
    await after.stop()
  })
})
