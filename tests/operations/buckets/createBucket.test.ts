import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { type Bucket, makeBucket } from '../../support/named.ts'

describeService('createBucket: a bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const get = (name: string) => send<Bucket>(service, `/buckets/${name}`)
  it('is made with the rules it is given, and the usual ones for the rest', async () => {
    const name = fresh()
    const made = await makeBucket(service, name, { allowed_types: ['Image/PNG'], expires_in: 60 })
    expect([made.status, made.headers.get('location')]).toEqual([201, `/buckets/${name}`])
    expect(made.body).toMatchObject({
      name,
      visibility: 'private',
      links: 'direct',
      max_file_size: null,
      allowed_types: ['image/png'],
      expires_in: 60,
    })
    expect((await get(name)).body).toEqual(made.body)
  })
})
