import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, sendDirect, setStatus } from '../../support/api/direct.ts'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

describeService('createPresignedUrl: an announcement', { UPLOAD_EXPIRATION: '3600' }, (service) => {
  const fresh = () => gif(randomUUID())
  const onS3 = process.env.TEST_STORAGE === 's3'
  it.each([
    ['nothing', {}, 400],
    ['no size', { file_size: undefined }, 400],
    ['a size of nothing', { file_size: 0 }, 400],
    ['a negative size', { file_size: -1 }, 400],
    ['a size that is a text', { file_size: '10' }, 400],
    ['more than 5 GiB', { file_size: 5 * 2 ** 30 + 1 }, 413],
    ['a type that is none', { type: 'gif' }, 400],
    ['a family that is none', { type: 'audio' }, 400],
    ['no name', { filename: '' }, 400],
    ['a hash that is none', { sha256: 'abc' }, 400],
    ['a method that is none', { method: 'DELETE' }, 400],
    ['a bucket that cannot be', { bucket: '../x' }, 400],
    ['metadata that is no object', { metadata: [] }, 400],
    ['something unknown', { storage_key: 'x' }, 400],
  ])('of %s is refused', async (name, change, status) => {
    const usual = { filename: 'a.gif', type: 'image/gif', file_size: 20 }
    const body = name === 'nothing' ? {} : { ...usual, ...change }
    expect(await service.api.post('/presigned-url').send(body)).toBeProblem(status)
  })

  it('is judged by the rules of the bucket', async () => {
    const { name: bucket } = (
      await makeBucket(service, `b-${randomUUID()}`, {
        max_file_size: 10,
        allowed_types: ['image/png', 'video/*'],
      })
    ).body
    const refused: [object, number][] = [
      [{ file_size: 11, type: 'image/png' }, 413],
      [{ file_size: 10, type: 'image/gif' }, 415],
      [{ file_size: 10, type: 'image' }, 200],
      [{ file_size: 10, type: 'video' }, 200],
      [{ file_size: 10, type: 'image/png' }, 200],
    ]
    for (const [change, status] of refused)
      expect([change, (await announce(service, fresh(), { bucket, ...change })).status]).toEqual([
        change,
        status,
      ])
  })

  it('holds for what comes by the rules of the bucket as they are then', async () => {
    const { name: bucket } = (await makeBucket(service, `b-${randomUUID()}`)).body
    const bytes = fresh()
    const { body } = await announce(service, bytes, { bucket })
    await service.api.patch(`/buckets/${bucket}`).send({ allowed_types: ['image/png'] })
    const sent = await sendDirect(service, body, bytes)
    const answer = onS3 ? await setStatus(service, body.key, 'uploaded') : sent
    expect(answer).toBeProblem(415, 'type-not-allowed')
  })
})
