import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { download, filesPath, freshText, putRaw, send, upload } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { type Bucket, makeBucket } from '../../support/named.ts'

describeService('deleteBucket: a bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const get = (name: string) => send<Bucket>(service, `/buckets/${name}`)
  const remove = (name: string) => send(service, `/buckets/${name}`, { method: 'DELETE' })

  it('is deleted when it is empty, and remembers its deleted files as long as any', async () => {
    const name = fresh()
    const { id } = (await upload(service, 'soon gone', { fields: { bucket: name } })).body
    expect(await remove(name)).toBeProblem(409, 'bucket-not-empty')
    await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
    expect((await remove(name)).status).toBe(204)
    expect(await remove(name)).toBeProblem(404, 'bucket-not-found')
    expect((await send(service, `${filesPath}?bucket=${name}&deleted=true`)).body).toHaveLength(1)
    await service.maintain()
    await service.maintain()
    expect((await send(service, `${filesPath}?bucket=${name}&deleted=true`)).body).toEqual([])
    expect(await service.violations()).toEqual([])
  })

  it('is not deleted under a file that is just coming: one of the two wins', async () => {
    for (let round = 0; round < 15; round++) {
      const name = fresh()
      await makeBucket(service, name)
      const [stored, deleted] = await Promise.all([
        putRaw(service, freshText(), { query: `?bucket=${name}` }),
        remove(name),
      ])
      expect(stored.status).toBe(201)
      expect([204, 409]).toContain(deleted.status)
      expect([(await get(name)).status, (await download(service, stored.body.id)).status]).toEqual([200, 200])
    }
  })
})
