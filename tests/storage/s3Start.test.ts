import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { download, upload } from '../support/client.ts'
import { createS3BucketOn, toSettings } from '../support/s3.ts'
import { refuse } from '../support/s3Double/meddling.ts'
import type { OperationName } from '../support/s3Double/operations.ts'
import { placeOf, startOwnDouble } from '../support/s3Double/place.ts'
import type { RefusalCode } from '../support/s3Double/refusal.ts'
import type { S3Double } from '../support/s3Double/server.ts'

let double: S3Double
let installation: Installation
let settings: Readonly<Record<string, string>>
beforeAll(async () => {
  double = await startOwnDouble()
  installation = await createInstallation({ postgres: 'shared' })
  const bucket = await createS3BucketOn(placeOf(double, 'crc32'))
  settings = toSettings(bucket)
})
afterEach(() => double.restore())
afterAll(async () => {
  await installation.remove()
  await double.stop()
})

async function expectRefusal(sentence: RegExp, wrong: Readonly<Record<string, string>> = {}) {
  const { code, stderr } = await installation.run(['serve'], { ...settings, ...wrong })
  expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)])
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stderr).not.toContain(settings.AWS_SECRET_ACCESS_KEY)
}

describe('A start on S3', () => {
  it.each([
    ['a bucket that is not there', { AWS_S3_BUCKET_NAME: 'no-such' }, /check AWS_S3_BUCKET_NAME/],
    ['another region', { AWS_S3_REGION: 'eu-central-1' }, /check AWS_S3_REGION/],
    ['an unknown key', { AWS_ACCESS_KEY_ID: 'nobody' }, /check AWS_ACCESS_KEY_ID/],
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'wrong' }, /check AWS_SECRET_ACCESS_KEY/],
    ['a token that does not fit', { AWS_SESSION_TOKEN: 'wrong' }, /check AWS_SESSION_TOKEN/],
  ])('is refused with %s, which it names', (_case, wrong, sentence) => expectRefusal(sentence, wrong))

  it.each<[OperationName, RefusalCode, RegExp]>([
    ['GetObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['PutObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['DeleteObject', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['ListMultipartUploads', 'AccessDenied', /check the rights that belong to AWS_ACCESS_KEY_ID/],
    ['GetObject', 'ExpiredToken', /renew AWS_SESSION_TOKEN/],
  ])('is refused when %s is answered %s, with what to look at', async (operation, code, sentence) => {
    double.meddle(operation, refuse(code))
    await expectRefusal(sentence)
  })

  it('is refused when the clock of this machine is wrong and stays so', async () => {
    double.meddle('GetObject', refuse('RequestTimeTooSkewed'))
    // It is tried for so long, by the clock of the server.
    await expectRefusal(/the clock of this machine is wrong/, { AWS_S3_DEADLINE_SECONDS: '5' })
  })

  it('is refused on a new bucket that may not be listed', async () => {
    const fresh = await createInstallation({ postgres: 'shared' })
    double.meddle('ListObjectsV2', refuse('AccessDenied'))
    const { code, stderr } = await fresh.run(['serve'], { ...settings, AWS_S3_PREFIX: 'new/' })
    await fresh.remove()
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the rights that belong to AWS_ACCESS_KEY_ID/)])
  })

  it('goes well although the clock of this machine is an hour late, and what it stores stays', async () => {
    double.setClock(3_600_000)
    const service = await installation.start(settings)
    const { body } = await upload(service, 'kept in S3')
    expect((await download(service, body.id)).bytes.toString()).toBe('kept in S3')
    expect(await service.stop()).toMatchObject({ code: 0 })
    double.setClock(0)
    expect(await installation.run(['fsck', '--deep'], settings)).toMatchObject({ code: 0 })
  })
})
