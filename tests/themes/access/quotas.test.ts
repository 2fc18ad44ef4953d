import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { upload as form, putRaw as raw } from '../../support/api/files.ts'
import { makeBucket, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

const MiB = 2 ** 20

describeService('limits for all files of a bucket together', (service) => {
  const bucketWith = async (rules: Readonly<Record<string, number>>): Promise<string> =>
    (await makeBucket(service, `b-${randomUUID()}`, rules).expect(201)).body.name
  const usageOf = async (bucket: string) =>
    (await service.api.get(`/buckets/${bucket}`).expect(200)).body.usage

  const ways: Record<string, (bucket: string, bytes: Buffer) => Promise<{ status: number }>> = {
    raw: (bucket, bytes) => raw(service, bytes, `?bucket=${bucket}`),
    form: (bucket, bytes) => form(service, bytes, { fields: { bucket } }),
    'named form': (bucket, bytes) => putNamed(service, randomUUID(), bytes, { bucket }),
    'form whose bucket is a field': (bucket, bytes) =>
      putNamed(service, randomUUID(), bytes, { fields: { bucket } }),
  }

  it.each(Object.entries(ways))('let 10 of 100 files of 1 MiB in, as %s', async (_way, send) => {
    const bucket = await bucketWith({ max_bytes: 10 * MiB })
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await send(bucket, randomBytes(MiB))).status),
    )
    expect(statuses.filter((status) => status === 201)).toHaveLength(10)
    expect(statuses.filter((status) => status === 413)).toHaveLength(90)
    expect(await usageOf(bucket)).toEqual({ bytes: 10 * MiB, files: 10, deleted_bytes: 0 })
    expect(await service.violations()).toEqual([])
  })

  it.each(Object.entries(ways))('let 7 of 50 files in, as %s', async (_way, send) => {
    const bucket = await bucketWith({ max_files: 7 })
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await send(bucket, randomBytes(100))).status),
    )
    expect(statuses.filter((status) => status === 201)).toHaveLength(7)
    expect(statuses.filter((status) => status === 413)).toHaveLength(43)
    expect(await usageOf(bucket)).toEqual({ bytes: 700, files: 7, deleted_bytes: 0 })
  })
})
