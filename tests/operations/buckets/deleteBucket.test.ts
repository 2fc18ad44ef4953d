import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { download, putRaw, upload } from '../../support/api/files.ts'
import { makeBucket } from '../../support/api/named.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('deleteBucket: a bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const remove = (name: string) => service.api.delete(`/buckets/${name}`)

  it('is deleted when it is empty, and remembers its deleted files as long as any', async () => {
    const name = fresh()
    const deletedFiles = () => service.api.get(`${filesPath}?bucket=${name}&deleted=true`)
    const { id } = (await upload(service, 'soon gone', { fields: { bucket: name } })).body
    expect(await remove(name)).toBeProblem(409, 'bucket-not-empty')
    await service.api.delete(`${filesPath}/${id}`)
    await remove(name).expect(204)
    expect(await remove(name)).toBeProblem(404, 'bucket-not-found')
    expect((await deletedFiles()).body).toHaveLength(1)
    await service.maintain()
    await service.maintain()
    expect((await deletedFiles()).body).toEqual([])
    expect(await service.violations()).toEqual([])
  })

  it('is not deleted under a file that is just coming: one of the two wins', async () => {
    for (let round = 0; round < 15; round++) {
      const name = fresh()
      await makeBucket(service, name)
      const [stored, deleted] = await Promise.all([
        putRaw(service, freshText(), `?bucket=${name}`),
        remove(name),
      ])
      expect(stored.status).toBe(201)
      expect([204, 409]).toContain(deleted.status)
      await service.api.get(`/buckets/${name}`).expect(200)
      await download(service, stored.body.id).expect(200)
    }
  })

  it.each([
    ['a name that cannot be', 'NO', 400],
    ['an unknown parameter', 'default?force=true', 400],
  ])('is not deleted with %s', async (_case, reference, status) => {
    expect(await remove(reference)).toBeProblem(status)
  })
})
