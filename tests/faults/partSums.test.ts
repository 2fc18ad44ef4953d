import { randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { completeMultipart, sendAll } from '../support/api/direct.ts'
import { follow, makeBucket } from '../support/api/named.ts'
import { describeService } from '../support/describeService.ts'

/** The service keeps parts on a volume alone; those in S3 are counted when they are put together. */
describeService('parts that come at once', (service) => {
  it.each([
    ['announced', { file_size: 10_000 }],
    ['allowed in the bucket', { bucket: 'small' }],
  ])('have together no more bytes than %s', async (_what, more) => {
    await makeBucket(service, 'small', { max_file_size: 10_000 })
    for (let round = 0; round < 10; round++) {
      const { id } = await sendAll(service, [], more)
      const numbers = Array.from({ length: 40 }, (_, index) => index + 1)
      const { body } = await service.api.get(`/s3/multipart/${id}/batch?partNumbers=${numbers}`).expect(200)
      const answers = await Promise.all(
        numbers.map((number) => follow(service, body.presignedUrls[number], 'put').send(randomBytes(1000))),
      )
      const kept = answers.flatMap(({ status, headers }, index) =>
        status === 200 ? [{ PartNumber: index + 1, ETag: headers.etag }] : [],
      )
      expect(kept).toHaveLength(10)
      for (const answer of answers)
        if (answer.status !== 200) expect(answer).toBeProblem(413, 'file-too-large')
      await completeMultipart(service, id, kept).expect(200)
    }
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('count once when they are one part, sent again and again', async () => {
    const { id } = await sendAll(service, [], { file_size: 1000 })
    const { body } = await service.api.get(`/s3/multipart/${id}/1`).expect(200)
    const sent = Array.from({ length: 20 }, () => follow(service, body.url, 'put').send(randomBytes(1000)))
    for (const { status } of await Promise.all(sent)) expect(status).toBe(200)
    expect((await service.api.get(`/s3/multipart/${id}`)).body).toHaveLength(1)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })
})
