import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('createBucket: a bucket', (service) => {
  it('is made with the rules it is given, and the usual ones for the rest', async () => {
    const name = `b-${randomUUID()}`
    const made = await makeBucket(service, name, { allowed_types: ['Image/PNG'], expires_in: 60 })
    expect([made.status, made.headers.location]).toEqual([201, `/buckets/${name}`])
    expect(made.body).toMatchObject({
      name,
      visibility: 'private',
      links: 'direct',
      users: 'none',
      max_file_size: null,
      allowed_types: ['image/png'],
      expires_in: 60,
      max_bytes: null,
      max_files: null,
      usage: null,
    })
    expect((await service.api.get(`/buckets/${name}`)).body).toEqual(made.body)
  })

  it('is made with limits for all of its files, and shows what they have', async () => {
    const name = `b-${randomUUID()}`
    const made = await makeBucket(service, name, { max_bytes: 100, max_files: 3 }).expect(201)
    const usage = { bytes: 0, files: 0, deleted_bytes: 0 }
    expect(made.body).toMatchObject({ max_bytes: 100, max_files: 3, usage })
    expect((await service.api.get(`/buckets/${name}`)).body).toEqual(made.body)
  })

  it.each([
    ['a name with capitals', { name: 'Photos' }, 400],
    ['a name that is a path', { name: '../x' }, 400],
    ['no name', { visibility: 'public' }, 400],
    ['a name that is taken', { name: 'default' }, 409],
    ['a rule that is none', { name: 'other', owner: 'me' }, 400],
  ])('is refused with %s', async (_case, rules, status) => {
    expect(await service.api.post('/buckets').send(rules)).toBeProblem(status)
  })
})
