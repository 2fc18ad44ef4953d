import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { beginMultipart } from '../../support/api/direct.ts'
import { follow } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('signMultipartParts: a file in parts', (service) => {
  it('gets the URLs of many parts at once', async () => {
    const { body } = await beginMultipart(service)
    const path = `/s3/multipart/${body.uploadId}/batch?key=${body.key}&partNumbers=1,3`
    const { body: signed } = await service.api.get(path).expect(200)
    expect(Object.keys(signed.presignedUrls)).toEqual(['1', '3'])
    const answer = await follow(service, signed.presignedUrls[3], 'put').send(Buffer.from('hello'))
    expect([answer.status, answer.headers.etag]).toEqual([200, '"5d41402abc4b2a76b9719d911017c592"'])
  })

  it.each([
    ['no parts', 'partNumbers=', 400],
    ['part 0', 'partNumbers=0', 400],
    ['part 10,001', 'partNumbers=1,10001', 400],
    ['a word', 'partNumbers=one', 400],
    ['nothing', '', 400],
    ['the key of another', `partNumbers=1&key=${randomUUID()}`, 404],
  ])('gets no URLs for %s', async (_case, query, status) => {
    const { body } = await beginMultipart(service)
    expect(await service.api.get(`/s3/multipart/${body.uploadId}/batch?${query}`)).toBeProblem(status)
  })

  it('gets no URLs when it was never announced', async () => {
    const path = `/s3/multipart/${randomUUID()}/batch?partNumbers=1`
    expect(await service.api.get(path)).toBeProblem(404, 'upload-not-found')
  })
})
