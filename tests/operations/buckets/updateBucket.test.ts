import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('updateBucket', (service) => {
  it('changes the rules that are named, and only those', async () => {
    const rules = { max_file_size: 5, expires_in: 60 }
    const { name } = (await makeBucket(service, `b-${randomUUID()}`, rules)).body
    const changed = await service.api
      .patch(`/buckets/${name}`)
      .send({ expires_in: null, visibility: 'public' })
    expect(changed.status).toBe(200)
    expect(changed.body).toMatchObject({ expires_in: null, visibility: 'public', max_file_size: 5 })
    expect((await service.api.get(`/buckets/${name}`)).body).toEqual(changed.body)
  })

  it.each([
    ['an unknown visibility', 'default', { visibility: 'secret' }, 400],
    ['a size of nothing', 'default', { max_file_size: 0 }, 400],
    ['a size that is a text', 'default', { max_file_size: '10' }, 400],
    ['a limit of no bytes', 'default', { max_bytes: 0 }, 400],
    ['a limit of less than a file', 'default', { max_files: 0.5 }, 400],
    ['a limit that is too large', 'default', { max_bytes: 2 ** 53 }, 400],
    ['usage, which is counted', 'default', { usage: { bytes: 0 } }, 400],
    ['a type that is none', 'default', { allowed_types: ['image'] }, 400],
    ['nothing to change', 'default', {}, 400],
    ['another name', 'default', { name: 'other' }, 400],
    ['a bucket that is not there', 'nowhere', { expires_in: 5 }, 404],
  ])('refuses %s', async (_case, bucket, rules, status) => {
    expect(await service.api.patch(`/buckets/${bucket}`).send(rules)).toBeProblem(status)
  })
})
