import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { upload as form, putRaw as raw } from '../../support/api/files.ts'
import { makeBucket, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'
import { eventually } from '../../support/eventually.ts'
import { openRaw } from '../../support/rawRequest.ts'

describeService('a bucket whose limit leaves no room', (service) => {
  const bucketWith = async (rules: Readonly<Record<string, number>>): Promise<string> =>
    (await makeBucket(service, `b-${randomUUID()}`, rules).expect(201)).body.name
  const usageOf = async (bucket: string) =>
    (await service.api.get(`/buckets/${bucket}`).expect(200)).body.usage
  const reservations = async () =>
    (await sql<{ count: number }>`select count(*) as count from reservations`.execute(service.deps.db))
      .rows[0]?.count

  const boundary = 'limit'
  const partOf = (name: string, bytes: string, filename = '; filename="a.bin"') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n${bytes}\r\n`
  const head = (request: string, headers: Readonly<Record<string, string | number>>) =>
    [
      request,
      'Host: localhost',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      '',
    ].join('\r\n')

  describe.each([
    ['bytes', { max_bytes: 1000 }],
    ['files', { max_files: 1 }],
  ])('of %s', (_what, rules) => {
    it.each([
      [
        'raw',
        (bucket: string) => `PUT /service/fileupload?bucket=${bucket} HTTP/1.1`,
        'application/octet-stream',
      ],
      [
        'named',
        (bucket: string) => `POST /file/${bucket} HTTP/1.1`,
        `multipart/form-data; boundary=${boundary}`,
      ],
    ])('refuses a %s body before it comes: no 100, no intent, no bytes', async (_way, request, type) => {
      const bucket = await bucketWith(rules)
      await raw(service, randomBytes(900), `?bucket=${bucket}`).expect(201)
      const { counts } = await service.findEverything({ deep: false })
      const length = 2 * 2 ** 20
      const connection = await openRaw(
        service,
        head(request(bucket), { 'Content-Type': type, 'Content-Length': length, Expect: '100-continue' }),
      )
      const answer = await connection.answer()
      connection.destroy()
      expect(answer).toBeProblem(413, 'quota-exceeded')
      expect(answer.body).toMatchObject({ limit: 'bucket' })
      expect((await service.findEverything({ deep: false })).counts).toEqual(counts)
      expect(await reservations()).toBe(0)
    })
  })

  it('takes the last file that fits exactly, whatever fields come around it', async () => {
    const bytes = 'x'.repeat(5000)
    const bucket = await bucketWith({ max_bytes: 5000 })
    const body = `${partOf('file_name', 'a.bin', '')}${partOf('file', bytes)}${partOf('metadata', '{}', '')}--${boundary}--`
    const connection = await openRaw(
      service,
      head(`POST /file/${bucket} HTTP/1.1`, {
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': body.length,
      }) + body,
    )
    expect((await connection.answer()).status).toBe(201)
    connection.destroy()
    expect(await usageOf(bucket)).toEqual({ bytes: 5000, files: 1, deleted_bytes: 0 })
    expect(await raw(service, 'y', `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    await raw(service, '', `?bucket=${bucket}`).expect(201) // no bytes need no room
  })

  it('judges a form that names its bucket behind the file', async () => {
    const bucket = await bucketWith({ max_files: 1 })
    const send = () => form(service, randomBytes(10)).field('bucket', bucket)
    await send().expect(201)
    expect(await send()).toBeProblem(413, 'quota-exceeded')
    expect(await service.violations()).toEqual([])
  })

  it.each([
    ['small', 1000, 100],
    ['large', 2 * 2 ** 20, 300_000],
  ])('judges a %s body of an unknown size', async (_size, most, more) => {
    const bucket = await bucketWith({ max_bytes: most })
    const send = async (bytes: number) => {
      const connection = await openRaw(
        service,
        head(`PUT /service/fileupload?bucket=${bucket} HTTP/1.1`, { 'Transfer-Encoding': 'chunked' }),
      )
      for (let left = bytes; left > 0; ) {
        const chunk = randomBytes(Math.min(left, 100_000))
        left -= chunk.length
        const written = await connection.write(
          Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
        )
        if (!written) break
      }
      await connection.write('0\r\n\r\n')
      const answer = await connection.answer()
      connection.destroy()
      return answer
    }
    expect(await send(most + more)).toBeProblem(413, 'quota-exceeded')
    expect((await send(most - more)).status).toBe(201)
    expect(await send(2 * more)).toBeProblem(413, 'quota-exceeded')
    expect((await send(more)).status).toBe(201)
    expect(await usageOf(bucket)).toMatchObject({ bytes: most })
    expect(await reservations()).toBe(0)
    expect(await service.violations()).toEqual([])
  })

  it('gets its room back from a file that is deleted, and from one that is replaced', async () => {
    const bucket = await bucketWith({ max_bytes: 1000, max_files: 2 })
    const { body } = await raw(service, randomBytes(600), `?bucket=${bucket}`).expect(201)
    expect(await raw(service, randomBytes(600), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    await service.api.delete(`/service/fileupload/${body.id}`).expect(201)
    await putNamed(service, 'a.bin', randomBytes(500), { bucket }).expect(201)
    await putNamed(service, 'a.bin', randomBytes(500), { bucket }).expect(201)
    expect(await usageOf(bucket)).toEqual({ bytes: 500, files: 1, deleted_bytes: 1100 })
    await raw(service, 'x', `?bucket=${bucket}`).expect(201)
    // Until the new file is there, the bucket has both.
    expect(await putNamed(service, 'a.bin', 'y', { bucket })).toBeProblem(413, 'quota-exceeded')
  })

  it('gets its room back from uploads that are refused or cut off', async () => {
    const bucket = await bucketWith({ max_bytes: 1000, max_files: 2 })
    const text = `text ${randomUUID()}`
    await raw(service, text, `?bucket=${bucket}`).expect(201)
    await raw(service, text, `?bucket=${bucket}`).expect(403) // the same bytes
    await raw(service, 'x'.repeat(500), `?bucket=${bucket}`)
      .set('Content-Digest', `sha-256=:${randomBytes(32).toString('base64')}:`)
      .expect(422)
    const connection = await openRaw(
      service,
      head(`PUT /service/fileupload?bucket=${bucket} HTTP/1.1`, { 'Content-Length': 900 }) + 'x'.repeat(100),
    )
    await eventually(async () => expect(await reservations()).toBe(1))
    expect(await raw(service, randomBytes(200), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    connection.reset()
    await eventually(async () => expect(await reservations()).toBe(0))
    await raw(service, randomBytes(900), `?bucket=${bucket}`).expect(201)
    expect(await service.violations()).toEqual([])
  })

  it.each([
    ['takes its room again at the commit', 1000, 201],
    ['is refused when another file has its room', 500, 413],
  ])('lets an upload whose reservation a crash of PostgreSQL lost: it %s', async (_what, most, status) => {
    const bucket = await bucketWith({ max_bytes: most })
    const connection = await openRaw(
      service,
      head(`PUT /service/fileupload?bucket=${bucket} HTTP/1.1`, { 'Content-Length': 400 }) + 'x'.repeat(100),
    )
    await eventually(async () => expect(await reservations()).toBe(1))
    await sql`delete from reservations`.execute(service.deps.db)
    await sql`update allowances set reserved_bytes = 0, reserved_files = 0`.execute(service.deps.db)
    await raw(service, randomBytes(400), `?bucket=${bucket}`).expect(201)
    await connection.write(randomBytes(300))
    expect((await connection.answer()).status).toBe(status)
    connection.destroy()
    expect(await service.violations()).toEqual([])
  })

  it('answers a request again that it has answered', async () => {
    const bucket = await bucketWith({ max_files: 1 })
    const bytes = randomBytes(10)
    const send = () => raw(service, bytes, `?bucket=${bucket}`).set('Idempotency-Key', bucket)
    const { body } = await send().expect(201)
    expect((await send().expect(201)).body).toEqual(body)
    expect(await reservations()).toBe(0)
  })

  it('keeps none of the bytes that it refused', async () => {
    await service.maintain()
    const { counts, violations } = await service.findEverything({ deep: true })
    expect([counts['stored keys'], counts.trash, violations]).toEqual([counts.blobs, 0, []])
  })
})
