import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { announce, completeMultipart, getStatus, sendAll, sendDirect } from '../../support/api/direct.ts'
import { download, putRaw, upload } from '../../support/api/files.ts'
import { follow, makeBucket } from '../../support/api/named.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'
import { hasBytes } from '../../support/volume.ts'

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

  it('takes what came of its announced files with it, at once', async () => {
    const bucket = fresh()
    await makeBucket(service, bucket)
    const { id, named } = await sendAll(service, [randomBytes(100)], { bucket })
    const bytes = gif(randomUUID())
    const { body: announced } = await announce(service, bytes, { bucket, method: 'PUT' }).expect(200)
    if (process.env.TEST_STORAGE === 's3') await sendDirect(service, announced, bytes).expect(200)
    const keysIn = async (table: 'intents' | 'trash') =>
      (await service.deps.db.selectFrom(table).select('storage_key').execute()).map((row) => row.storage_key)
    const before = await keysIn('intents')
    await remove(bucket).expect(204)
    const after = new Set(await keysIn('intents'))
    const keys = before.filter((key) => !after.has(key))
    expect(keys).toHaveLength(process.env.TEST_STORAGE === 's3' ? 2 : 1)
    expect(await completeMultipart(service, id, named)).toBeProblem(404, 'upload-not-found')
    expect(await getStatus(service, announced.key)).toBeProblem(404, 'file-not-found')
    await service.maintain()
    expect(await keysIn('trash')).toEqual([])
    for (const key of keys) expect(await hasBytes(service, key)).toBe(false)
    expect(await service.violations()).toEqual([])
  })

  it('loses no bytes when a part comes, or parts are put together, while it is deleted', async () => {
    for (let round = 0; round < 15; round++) {
      const bucket = fresh()
      await makeBucket(service, bucket)
      const bytes = randomBytes(100)
      const { id, named } = await sendAll(service, [bytes], { bucket })
      // The same part again: radosgw puts nothing together when a part has come that is not named.
      const target = (await service.api.get(`/s3/multipart/${id}/1`).expect(200)).body.url
      const [part, completed, deleted] = await Promise.all([
        follow(service, target, 'put').send(bytes),
        completeMultipart(service, id, named),
        remove(bucket),
      ])
      expect([200, 404]).toContain(completed.status)
      expect(deleted.status).toBe(completed.status === 200 ? 409 : 204)
      expect(part.status).toBeLessThan(500)
    }
    const reserved = await service.deps.db.selectFrom('intents').select('storage_key').execute()
    for (const { storage_key: key } of reserved) expect(await hasBytes(service, key)).toBe(false)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it.each([
    ['a name that cannot be', 'NO', 400],
    ['an unknown parameter', 'default?force=true', 400],
  ])('is not deleted with %s', async (_case, reference, status) => {
    expect(await remove(reference)).toBeProblem(status)
  })
})
