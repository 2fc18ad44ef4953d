import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { describeService } from '../../support/describeService.ts'
import { type Bucket, makeBucket, sendJson } from '../../support/named.ts'

describeService('updateBucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const patch = (name: string, rules: object) => sendJson<Bucket>(service, 'PATCH', `/buckets/${name}`, rules)

  it('changes the rules that are named, and only those', async () => {
    const { name } = (await makeBucket(service, fresh(), { max_file_size: 5, expires_in: 60 })).body
    const changed = await patch(name, { expires_in: null, visibility: 'public' })
    expect(changed.status).toBe(200)
    expect(changed.body).toMatchObject({ expires_in: null, visibility: 'public', max_file_size: 5 })
  })
})
