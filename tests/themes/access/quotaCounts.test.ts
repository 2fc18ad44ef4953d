import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { countFiles } from '../../../src/domain/buckets/countFiles.ts'
import { announce, beginMultipart, sendDirect } from '../../support/api/direct.ts'
import { upload as form, putRaw as raw } from '../../support/api/files.ts'
import { makeBucket, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'
import { createDatabase } from '../../support/postgres.ts'
import { openRaw } from '../../support/rawRequest.ts'
import { type StartedService, startService, type TestService } from '../../support/service.ts'

type Service = Pick<TestService, 'api' | 'url' | 'port'>

const usageOf = async ({ api }: Pick<Service, 'api'>, bucket: string) =>
  (await api.get(`/buckets/${bucket}`).expect(200)).body.usage
const sumOf = async ({ deps }: Pick<TestService, 'deps'>, bucket: string) =>
  (
    await sql<{ bytes: number; files: number }>`
      select coalesce(sum(size), 0)::bigint as bytes, count(*) as files from files
      where bucket = ${bucket} and deleted_at is null
    `.execute(deps.db)
  ).rows[0]
const setLimit = (
  { api }: Pick<Service, 'api'>,
  bucket: string,
  rules: Readonly<Record<string, number | null>>,
) => api.patch(`/buckets/${bucket}`).send(rules)

describeService('the count of the files of a bucket', (service) => {
  const fresh = async (rules: Readonly<Record<string, number>> = {}): Promise<string> =>
    (await makeBucket(service, `b-${randomUUID()}`, rules).expect(201)).body.name

  it('has the files that were there before the limit, and is gone with the last limit', async () => {
    const bucket = await fresh()
    for (const size of [10, 20, 30]) await raw(service, randomBytes(size), `?bucket=${bucket}`).expect(201)
    expect(await usageOf(service, bucket)).toBeNull()
    const { body } = await setLimit(service, bucket, { max_files: 4 }).expect(200)
    expect(body).toMatchObject({
      max_bytes: null,
      max_files: 4,
      usage: { bytes: 60, files: 3, deleted_bytes: 0 },
    })
    await raw(service, randomBytes(10), `?bucket=${bucket}`).expect(201)
    expect(await raw(service, randomBytes(10), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    await setLimit(service, bucket, { max_files: 5 }).expect(200)
    await raw(service, randomBytes(10), `?bucket=${bucket}`).expect(201)
    // Below what is there: nothing is deleted, and nothing comes in.
    await setLimit(service, bucket, { max_files: 1, max_bytes: 1 }).expect(200)
    expect(await raw(service, randomBytes(10), `?bucket=${bucket}`)).toBeProblem(413, 'quota-exceeded')
    await setLimit(service, bucket, { max_files: null }).expect(200)
    const without = await setLimit(service, bucket, { max_bytes: null }).expect(200)
    expect(without.body).toMatchObject({ max_bytes: null, max_files: null, usage: null })
    await raw(service, randomBytes(10), `?bucket=${bucket}`).expect(201)
  })

  it('is right when the limit is set while files come and go, and nobody waits for it', async () => {
    for (let round = 0; round < 5; round++) {
      const bucket = await fresh()
      let over = false
      const statuses = new Set<number>()
      const come = async () => {
        while (!over) {
          const { status, body } = await raw(service, randomBytes(randomInt(1, 2000)), `?bucket=${bucket}`)
          statuses.add(status)
          if (randomInt(3) === 0)
            statuses.add((await service.api.delete(`/service/fileupload/${body.id}`)).status)
        }
      }
      const coming = Promise.all(Array.from({ length: 6 }, come))
      await sleep(200)
      const { body } = await setLimit(service, bucket, { max_bytes: 2 ** 40 }).expect(200)
      expect(body.usage).not.toBeNull()
      await sleep(100)
      over = true
      await coming
      expect([...statuses]).toEqual([201])
      expect(await usageOf(service, bucket)).toMatchObject((await sumOf(service, bucket)) ?? {})
    }
    expect(await service.violations()).toEqual([])
  })

  it('has what a transaction does that began while the limit was being set', async () => {
    const { db } = service.deps
    const bucket = await fresh()
    const { body } = await raw(service, randomBytes(10), `?bucket=${bucket}`).expect(201)
    await raw(service, randomBytes(20), `?bucket=${bucket}`).expect(201)
    const setting = await db.startTransaction().execute()
    const { rows } = await sql<{ id: number }>`
      insert into allowances (subject, max_files) values (${`bucket:${bucket}`}, 5) returning id
    `.execute(setting)
    const deleting = await db.startTransaction().execute() // no transaction that has ended is newer
    await sql`update files set deleted_at = now() where id = ${body.id}::uuid`.execute(deleting)
    await setting.commit().execute()
    const counting = countFiles(service.deps, rows[0]?.id ?? 0)
    await sleep(200)
    await deleting.commit().execute()
    expect(await counting).toBe(true)
    expect(await usageOf(service, bucket)).toEqual({ bytes: 20, files: 1, deleted_bytes: 10 })
    expect(await service.violations()).toEqual([])
  })

  it('waits for a transaction that began before the limit, and leaves it to maintenance after 5 s', async () => {
    const bucket = await fresh()
    const { body } = await raw(service, randomBytes(10), `?bucket=${bucket}`).expect(201)
    const begun = await service.deps.db.startTransaction().execute()
    await sql`delete from files where id = ${body.id}::uuid`.execute(begun)
    const { body: set } = await setLimit(service, bucket, { max_files: 1 }).expect(200)
    expect(set.usage).toBeNull()
    await begun.rollback().execute()
    await service.maintain()
    expect(await usageOf(service, bucket)).toEqual({ bytes: 10, files: 1, deleted_bytes: 0 })
  })

  it('of what is deleted bounds the trash, from which the longest deleted files go first', async () => {
    const bucket = await fresh({ max_bytes: 1000 })
    const ids: string[] = []
    for (const size of [400, 500, 450, 300]) {
      const { body } = await raw(service, randomBytes(size), `?bucket=${bucket}`).expect(201)
      await service.api.delete(`/service/fileupload/${body.id}`).expect(201)
      ids.push(body.id)
    }
    expect(await usageOf(service, bucket)).toEqual({ bytes: 0, files: 0, deleted_bytes: 1650 })
    const keeping = await startService({ ...service.settings, DELETED_RETENTION_SECONDS: '3600' })
    await keeping.maintain()
    await keeping.stop()
    const { rows } = await sql<{ id: string }>`
      select id from files where bucket = ${bucket} order by deleted_at`.execute(service.deps.db)
    expect(rows.map(({ id }) => id)).toEqual(ids.slice(2))
    expect(await usageOf(service, bucket)).toEqual({ bytes: 0, files: 0, deleted_bytes: 750 })
  })
})

describe('two processes on one database', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>
  let services: StartedService[] = []
  beforeAll(async () => {
    database = await createDatabase()
    const one = await startService({ DATABASE_URL: database.url })
    services = [one, await startService({ ...one.settings, DATABASE_URL: database.url })]
  })
  afterAll(async () => {
    for (const service of services) await service.stop()
    await database.drop()
  })

  it('let exactly as much in together as there is room for', async () => {
    const [one, other] = services
    if (!one || !other) throw new Error('There are two services.')
    const bucket = (
      await makeBucket(one, `b-${randomUUID()}`, { max_bytes: 10_000, max_files: 12 }).expect(201)
    ).body.name
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const service = index % 2 === 0 ? one : other
        const bytes = randomBytes(1000)
        return (
          await (index % 3 === 0
            ? form(service, bytes, { fields: { bucket } })
            : raw(service, bytes, `?bucket=${bucket}`))
        ).status
      }),
    )
    expect(statuses.filter((status) => status === 201)).toHaveLength(10)
    expect(new Set(statuses)).toEqual(new Set([201, 413]))
    expect(await usageOf(other, bucket)).toEqual({ bytes: 10_000, files: 10, deleted_bytes: 0 })
    expect(await one.violations()).toEqual([])
  })

  it('end thousands of uploads, deletions, announcements and changes of limits with right counts', async () => {
    const buckets = await Promise.all(
      [{ max_bytes: 60_000 }, { max_files: 40 }, {}].map(async (rules) => {
        const [one] = services
        if (!one) throw new Error('There is a service.')
        return String((await makeBucket(one, `b-${randomUUID()}`, rules).expect(201)).body.name)
      }),
    )
    const files: string[] = []
    const statuses = new Map<number, number>()
    const note = ({ status }: { status: number }) =>
      void statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const until = performance.now() + 20_000
    const actions: readonly ((service: StartedService, bucket: string) => Promise<void>)[] = [
      ...Array<(service: StartedService, bucket: string) => Promise<void>>(4).fill(
        async (service, bucket) => {
          const answer = await raw(service, randomBytes(randomInt(4000)), `?bucket=${bucket}`)
          note(answer)
          if (answer.status === 201) files.push(answer.body.id)
        },
      ),
      async (service, bucket) =>
        note(await form(service, randomBytes(randomInt(4000)), { fields: { bucket, expires_in: '1' } })),
      async (service, bucket) =>
        note(await putNamed(service, `n-${randomInt(5)}`, randomBytes(randomInt(4000)), { bucket })),
      ...Array<(service: StartedService) => Promise<void>>(3).fill(async (service) => {
        const [id] = files.splice(randomInt(files.length + 1), 1)
        if (id !== undefined) note(await service.api.delete(`/service/fileupload/${id}`))
      }),
      async (service, bucket) => {
        const bytes = gif(randomBytes(randomInt(3000)).toString('latin1'))
        const { status, body } = await announce(service, bytes, { bucket })
        note({ status })
        if (status === 200 && randomInt(3) > 0) note(await sendDirect(service, body, bytes))
      },
      async (service, bucket) => {
        const { status, body } = await beginMultipart(service, { bucket, file_size: randomInt(1, 3000) })
        note({ status })
        if (status === 200) note(await service.api.delete(`/s3/multipart/${body.uploadId}?key=${body.key}`))
      },
      async (service, bucket) => {
        const connection = await openRaw(
          service,
          `PUT /service/fileupload?bucket=${bucket} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\ncut`,
        )
        await sleep(randomInt(30))
        connection.reset()
      },
      async (service, bucket) => {
        if (randomInt(10) === 0)
          note(
            await setLimit(service, bucket, { max_bytes: randomInt(2) === 0 ? null : randomInt(1, 80_000) }),
          )
      },
      async (service) => {
        if (randomInt(20) === 0) await service.maintain()
      },
    ]
    const work = async (worker: number) => {
      while (performance.now() < until) {
        const service = services[worker % 2]
        const bucket = buckets[randomInt(buckets.length)]
        if (service && bucket !== undefined) await actions[randomInt(actions.length)]?.(service, bucket)
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, worker) => work(worker)))
    const [one] = services
    if (!one) throw new Error('There is a service.')
    await sleep(1100) // the last files expire
    await sql`update uploads set expires_at = now() where expires_at is not null`.execute(one.deps.db)
    await sql`update reservations set expires_at = now()`.execute(one.deps.db)
    await one.maintain()
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([])
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(500)
    const { rows } = await sql<Record<string, unknown>>`
      select reserved_bytes, reserved_files, ready from allowances`.execute(one.deps.db)
    for (const row of rows) expect(row).toEqual({ reserved_bytes: 0, reserved_files: 0, ready: true })
    expect(await one.violations()).toEqual([])
  })
})
