import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { beginMultipart } from '../../support/direct.ts'
import { follow } from '../../support/named.ts'

describeService('signMultipartParts: a file in parts', (service) => {
  it('gets the URLs of many parts at once', async () => {
    const { body } = await beginMultipart(service)
    const { body: signed } = await send<{ presignedUrls: Record<string, string> }>(
      service,
      `/s3/multipart/${body.uploadId}/batch?key=${body.key}&partNumbers=1,3`,
    )
    expect(Object.keys(signed.presignedUrls)).toEqual(['1', '3'])
    const answer = await follow(service, signed.presignedUrls[3], { method: 'PUT', body: 'hello' })
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"5d41402abc4b2a76b9719d911017c592"'])
  })
})
