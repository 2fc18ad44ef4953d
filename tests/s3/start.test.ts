import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { download, upload } from '../support/client.ts'
import { createS3FaultProxy } from '../support/s3Faults.ts'

let installation: Installation
let settings: Readonly<Record<string, string>>
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  settings = installation.storage
})
afterAll(() => installation.remove())

const impatient = { AWS_S3_DEADLINE_SECONDS: '1' }

describe('A start with STORAGE=s3', () => {
  it.each<[string, Record<string, string>, readonly RegExp[]]>([
    ['no bucket', { AWS_S3_BUCKET_NAME: '' }, [/^- AWS_S3_BUCKET_NAME must name the bucket/m]],
    ['no region at Amazon', { AWS_S3_ENDPOINT: '', AWS_S3_REGION: '' }, [/^- AWS_S3_REGION must name/m]],
    ['half of a key', { AWS_SECRET_ACCESS_KEY: '' }, [/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong/]],
    ['an endpoint that is none', { AWS_S3_ENDPOINT: 'localhost:9000' }, [/^- AWS_S3_ENDPOINT must be/m]],
    ['a public one that is none', { AWS_S3_PUBLIC_ENDPOINT: 's3.example' }, [/^- AWS_S3_PUBLIC_ENDPOINT/m]],
    ['parts too small for the largest file', { MAX_FILE_SIZE: '1000000000000' }, [/AWS_S3_PART_SIZE must/]],
    ['less memory than a part', { AWS_S3_UPLOAD_MEMORY: '1000' }, [/AWS_S3_UPLOAD_MEMORY must be at least/]],
    ['a port where nobody listens', { AWS_S3_ENDPOINT: 'http://127.0.0.1:1' }, [/check AWS_S3_ENDPOINT/]],
    ['a host that nobody knows', { AWS_S3_ENDPOINT: 'http://s3.invalid' }, [/check AWS_S3_ENDPOINT/]],
    ['a bucket that is not there', { AWS_S3_BUCKET_NAME: 'no-such' }, [/check AWS_S3_BUCKET_NAME/]],
    ['an unknown key', { AWS_ACCESS_KEY_ID: 'nobody' }, [/check AWS_ACCESS_KEY_ID/]],
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'wrong' }, [/check AWS_SECRET_ACCESS_KEY/]],
  ])('is refused with %s, which it names', async (_case, wrong, sentences) => {
    const { code, stderr } = await installation.run(['serve'], { ...settings, ...impatient, ...wrong })
    expect(code).toBe(1)
    for (const sentence of sentences) expect(stderr).toMatch(sentence)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr).not.toContain(settings.AWS_SECRET_ACCESS_KEY)
  })

  it.each([
    ['no permission', 403, 'AccessDenied', 'the rights that belong to AWS_ACCESS_KEY_ID'],
    ['a wrong clock', 403, 'RequestTimeTooSkewed', 'the clock of this machine is wrong'],
    ['expired credentials', 400, 'ExpiredToken', 'renew AWS_SESSION_TOKEN'],
  ])('is refused with %s, and says so', async (_case, status, code, advice) => {
    const proxy = await createS3FaultProxy(settings.AWS_S3_ENDPOINT ?? '')
    proxy.inject('GetObject', { status, code }, 1000)
    const wrong = { ...settings, ...impatient, AWS_S3_ENDPOINT: proxy.endpoint }
    const outcome = await installation.run(['serve'], wrong)
    await proxy.close()
    expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining(advice)])
  })

  it('is refused with a TLS endpoint that speaks none', async () => {
    const AWS_S3_ENDPOINT = settings.AWS_S3_ENDPOINT?.replace('http:', 'https:') ?? ''
    const { code, stderr } = await installation.run(['serve'], { ...settings, ...impatient, AWS_S3_ENDPOINT })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/http:\/\/ or https:\/\/ of AWS_S3_ENDPOINT/)])
  })

  it('keeps files in the bucket, where the next one finds them, and nowhere else', async () => {
    const first = await installation.start(settings)
    const { body } = await upload(first, 'kept in S3')
    await first.kill()
    const second = await installation.start(settings)
    expect((await download(second, body.id)).bytes.toString()).toBe('kept in S3')
    await second.stop()
    expect(await installation.run(['fsck', '--deep'], settings)).toMatchObject({ code: 0 })
    const elsewhere = await installation.run(['serve'], { ...settings, AWS_S3_PREFIX: 'elsewhere/' })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      1,
      expect.stringContaining('AWS_S3_PREFIX as it was?'),
    ])
    const onVolume = await installation.run(['serve'], { STORAGE: 'volume' })
    expect([onVolume.code, onVolume.stderr]).toEqual([1, expect.stringContaining('no .volume-id')])
  })
})
