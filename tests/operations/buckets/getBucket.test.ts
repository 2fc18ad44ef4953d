import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('getBucket', (service) => {
  it('shows a bucket with its rules', async () => {
    const made = await makeBucket(service, `b-${randomUUID()}`, { visibility: 'public', max_file_size: 7 })
    const { body } = await service.api.get(`/buckets/${made.body.name}`).expect(200)
    expect(body).toEqual(made.body)
  })

  it('shows the bucket `default`, which nobody had to make', async () => {
    const { body } = await service.api.get('/buckets/default').expect(200)
    expect(body).toMatchObject({ name: 'default', visibility: 'private', max_file_size: null })
  })

  it.each([
    ['a bucket that is not there', 'nowhere', 404],
    ['a name that cannot be', 'NO', 400],
    ['an unknown parameter', 'default?verbose=1', 400],
  ])('refuses %s', async (_case, reference, status) => {
    expect(await service.api.get(`/buckets/${reference}`)).toBeProblem(status)
  })
})
