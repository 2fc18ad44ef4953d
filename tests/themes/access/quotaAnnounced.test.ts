import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import {
  announce,
  beginMultipart,
  completeMultipart,
  sendAll,
  sendDirect,
  sendPart,
  setStatus,
} from '../../support/api/direct.ts'
import { putRaw as raw } from '../../support/api/files.ts'
import { follow, makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

/** More than the smallest part of S3. */
const PART = 5 * 2 ** 20

describeService('an announced upload to a bucket with a limit', (service) => {
  const bucketWith = async (rules: Readonly<Record<string, number>>): Promise<string> =>
    (await makeBucket(service, `b-${randomUUID()}`, rules).expect(201)).body.name
  const usageOf = async (bucket: string) =>
    (await service.api.get(`/buckets/${bucket}`).expect(200)).body.usage
  const gifOf = (bytes: number) => gif(randomBytes(bytes - gif().length).toString('latin1'))
  /** The room that uploads hold in a bucket. */
  const reserved = async (bucket: string) =>
    (
      await sql<{ bytes: number; files: number }>`
        select reserved_bytes as bytes, reserved_files as files from allowances where subject = ${`bucket:${bucket}`}
      `.execute(service.deps.db)
    ).rows[0]
  const parameters = (bucket: string) => service.api.get(`/s3/params?filename=a.bin&bucket=${bucket}`)

  describe.each(['PUT', 'POST'])('by %s', (method) => {
    it('has its room from the announcement to the file', async () => {
      const bucket = await bucketWith({ max_bytes: 1000, max_files: 2 })
      const bytes = gifOf(600)
      const { body } = await announce(service, bytes, { bucket, method }).expect(200)
      expect(await reserved(bucket)).toEqual({ bytes: 600, files: 1 })
      const refused = await announce(service, gifOf(401), { bucket, method })
      expect(refused).toBeProblem(413, 'quota-exceeded')
      expect(refused.body).toMatchObject({ limit: 'bucket' })
      expect(await raw(service, randomBytes(401), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
      expect((await sendDirect(service, body, bytes)).status).toBeLessThan(300)
      await setStatus(service, body.key, 'uploaded').expect(200)
      expect(await reserved(bucket)).toEqual({ bytes: 0, files: 0 })
      expect(await usageOf(bucket)).toEqual({ bytes: 600, files: 1, deleted_bytes: 0 })
    })

    it('gives its room back when it expires', async () => {
      const bucket = await bucketWith({ max_files: 1 })
      await announce(service, gifOf(100), { bucket, method }).expect(200)
      expect(await announce(service, gifOf(100), { bucket, method })).toBeProblem(413, 'quota-exceeded')
      await sql`update uploads set expires_at = now() where bucket = ${bucket}`.execute(service.deps.db)
      await sql`update reservations set expires_at = now()`.execute(service.deps.db)
      await service.maintain()
      await announce(service, gifOf(100), { bucket, method }).expect(200)
    })
  })

  it('of an unknown size takes the room of its form', async () => {
    const bucket = await bucketWith({ max_bytes: 1000, max_files: 2 })
    const send = async (bytes: number) => {
      const { body } = await parameters(bucket).expect(200)
      return await follow(service, body.url, 'post')
        .field(body.fields)
        .attach('file', randomBytes(bytes), 'a.bin')
    }
    await send(600).then(({ status }) => expect(status).toBe(201))
    expect(await send(500)).toBeProblem(413, 'quota-exceeded')
    expect(await parameters(bucket)).toBeProblem(413, 'quota-exceeded') // the announced file may still come
    expect(await usageOf(bucket)).toEqual({ bytes: 600, files: 1, deleted_bytes: 0 })
    expect(await reserved(bucket)).toEqual({ bytes: 0, files: 1 })
  })

  it('in parts has the announced room until it is complete', async () => {
    const bucket = await bucketWith({ max_bytes: PART + 10 })
    const parts = [randomBytes(PART), randomBytes(5)]
    const { id, named } = await sendAll(service, parts, { bucket, file_size: PART + 5 })
    expect(await reserved(bucket)).toEqual({ bytes: PART + 5, files: 1 })
    expect(await raw(service, randomBytes(6), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    await completeMultipart(service, id, named).expect(200)
    expect(await reserved(bucket)).toEqual({ bytes: 0, files: 0 })
    expect(await usageOf(bucket)).toEqual({ bytes: PART + 5, files: 1, deleted_bytes: 0 })
    expect(await service.violations()).toEqual([])
  })

  it('in parts of an unknown size takes room for what came, at the latest when it is completed', async () => {
    const bucket = await bucketWith({ max_bytes: PART + 10 })
    const { id, named } = await sendAll(service, [randomBytes(PART), randomBytes(5)], { bucket })
    const { body: other } = await raw(service, randomBytes(5), `?bucket=${bucket}`).expect(201)
    if (service.deps.config.storage.kind === 'volume') {
      expect(await reserved(bucket)).toEqual({ bytes: PART + 5, files: 1 })
      expect(await raw(service, 'x', `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
      await expect(sendPart(service, id, 2, randomBytes(6))).rejects.toThrow('413')
      await expect(sendPart(service, id, 3, randomBytes(1))).rejects.toThrow('413')
      named[1] = { PartNumber: 2, ETag: await sendPart(service, id, 2, randomBytes(1)) } // in place of 5 bytes
      expect(await reserved(bucket)).toEqual({ bytes: PART + 1, files: 1 })
      await raw(service, randomBytes(4), `?bucket=${bucket}`).expect(201)
    } else {
      await raw(service, randomBytes(1), `?bucket=${bucket}`).expect(201)
      expect(await completeMultipart(service, id, named)).toBeProblem(413, 'quota-exceeded')
      await service.api.delete(`/service/fileupload/${other.id}`).expect(201) // the upload still stands
    }
    await completeMultipart(service, id, named).expect(200)
    expect(await reserved(bucket)).toEqual({ bytes: 0, files: 0 })
    expect(await service.violations()).toEqual([])
  })

  it('gives its room back when it is aborted', async () => {
    const bucket = await bucketWith({ max_files: 1 })
    const { body } = await beginMultipart(service, { bucket, file_size: 10 }).expect(200)
    expect(await beginMultipart(service, { bucket })).toBeProblem(413, 'quota-exceeded')
    await service.api.delete(`/s3/multipart/${body.uploadId}?key=${body.key}`).expect(200)
    await beginMultipart(service, { bucket }).expect(200)
  })

  it('goes with its bucket, whose next namesake begins with nothing', async () => {
    const bucket = await bucketWith({ max_bytes: 100 })
    await announce(service, gifOf(80), { bucket }).expect(200)
    const { body } = await raw(service, randomBytes(20), `?bucket=${bucket}`).expect(201)
    await service.api.delete(`/service/fileupload/${body.id}`).expect(201)
    await service.api.delete(`/buckets/${bucket}`).expect(204)
    expect(await reserved(bucket)).toBeUndefined()
    const { body: again } = await makeBucket(service, bucket, { max_bytes: 100 }).expect(201)
    expect(again.usage).toEqual({ bytes: 0, files: 0, deleted_bytes: 20 })
    await raw(service, randomBytes(100), `?bucket=${bucket}`).expect(201)
    expect(await service.violations()).toEqual([])
  })

  it('that was announced before the limit is judged when its file comes', async () => {
    const { body: made } = await makeBucket(service, `b-${randomUUID()}`).expect(201)
    const bucket: string = made.name
    const bytes = gifOf(600)
    const { body } = await announce(service, bytes, { bucket }).expect(200)
    await service.api.patch(`/buckets/${bucket}`).send({ max_bytes: 599 }).expect(200)
    await sendDirect(service, body, bytes)
    const late = await setStatus(service, body.key, 'uploaded')
    expect(late.status).toBe(service.deps.config.storage.kind === 'volume' ? 409 : 413)
    await service.api.patch(`/buckets/${bucket}`).send({ max_bytes: null }).expect(200)
    await sendDirect(service, body, bytes)
    await setStatus(service, body.key, 'uploaded').expect(200)
    expect(await usageOf(bucket)).toBeNull()
  })
})
