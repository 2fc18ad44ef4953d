import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { download, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
import { openRaw } from '../support/rawRequest.ts'
import { startService } from '../support/service.ts'
import { unfinished } from '../support/volume.ts'

describeService('maintenance', (service) => {
  const remove = (id: string) => send(service, `${filesPath}/${id}`, { method: 'DELETE' })
  const status = async (id: string) => (await send(service, `${filesPath}/${id}`)).status
  const counts = async () => (await service.findEverything({ deep: false })).counts

  /** Rows and bytes beyond those of the files. Keys in reserve have no bytes, so they do not count. */
  async function expectNothingBeside(files: number) {
    expect(await counts()).toMatchObject({
      files,
      'deleted files': 0,
      blobs: files,
      trash: 0,
      'stored keys': files,
    })
    expect(await unfinished(service)).toEqual([])
    expect(await service.violations()).toEqual([])
  }

  async function listIntents(): Promise<string[]> {
    const { rows } = await sql<{ storage_key: string }>`select storage_key from intents`.execute(
      service.deps.db,
    )
    return rows.map(({ storage_key }) => storage_key)
  }

  async function uploaded(bytes: string | Buffer = randomBytes(100), options = {}) {
    const answer = await upload(service, bytes, options)
    expect(answer.status).toBe(201)
    return answer.body
  }

  it('forgets a deleted file, and then removes its bytes', async () => {
    const { files = 0 } = await counts()
    const file = await uploaded()
    expect((await remove(file.id)).status).toBe(201)
    expect(await counts()).toMatchObject({ files, 'deleted files': 1, 'stored keys': files + 1 })
    expect(await status(file.id)).toBe(404)
    await service.maintain()
    await expectNothingBeside(files)
  })

  it('hides a file when its life is over, and forgets it as if it had been deleted', async () => {
    const { files = 0 } = await counts()
    const [short, long] = [
      await uploaded(undefined, { fields: { expires_in: '1' } }),
      await uploaded(undefined, { fields: { expires_in: '1000' } }),
    ]
    expect(await status(short.id)).toBe(200)
    await eventually(async () => expect(await status(short.id)).toBe(404))
    expect((await download(service, short.id)).status).toBe(404)
    const { body: listed } = await send<{ id: string }[]>(service, filesPath)
    expect(listed.map(({ id }) => id)).not.toContain(short.id)
    await service.maintain()
    await expectNothingBeside(files + 1)
    expect(await status(long.id)).toBe(200)
  })

  it('takes bytes anew that belong to an expired file only', async () => {
    const bytes = randomBytes(50)
    const first = await uploaded(bytes, { fields: { expires_in: '1' } })
    await eventually(async () => expect(await status(first.id)).toBe(404))
    const second = await uploaded(bytes)
    await service.maintain()
    expect((await download(service, second.id)).bytes.equals(bytes)).toBe(true)
    expect(await service.violations()).toEqual([])
  })

  it('keeps a blob that two files share until the last of them goes', async () => {
    const { files = 0, blobs = 0 } = await counts()
    const bytes = randomBytes(3000)
    const one = await uploaded(bytes)
    const two = await uploaded(bytes, { query: '?duplicates=allow' })
    await service.maintain()
    expect(await counts()).toMatchObject({
      files: files + 2,
      blobs: blobs + 1,
      'stored keys': blobs + 1,
      trash: 0,
    })

    await remove(one.id)
    await service.maintain()
    expect((await download(service, two.id)).bytes.equals(bytes)).toBe(true)
    await remove(two.id)
    await service.maintain()
    await expectNothingBeside(files)
  })

  it.each([
    ['in the middle of a small body', 2000, 1000],
    ['in the middle of a large body', 2_000_000, 1_500_000],
  ])('leaves nothing of an upload that is cut %s', async (_case, length, sent) => {
    await uploaded() // the intents of the uploads to come are there now
    const { files = 0 } = await counts()
    const intents = await listIntents()
    const connection = await openRaw(
      service,
      `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`,
    )
    await connection.write(randomBytes(sent))
    await sleep(50)
    connection.reset()
    // A busy service notices late. Until it gives up the intent, it may still write bytes that nobody has looked for.
    await eventually(async () => expect(await listIntents()).not.toEqual(expect.arrayContaining(intents)))
    await eventually(async () => {
      await service.maintain()
      await expectNothingBeside(files)
    })
  })

  it('leaves nothing of bytes that were refused once they had come', async () => {
    const { files = 0 } = await counts()
    const bytes = randomBytes(100)
    await uploaded(bytes)
    const headers = { 'repr-digest': `sha-256=:${randomBytes(32).toString('base64')}:` }
    expect((await upload(service, bytes)).status).toBe(403)
    expect((await upload(service, randomBytes(100), { headers })).status).toBe(422)
    expect((await upload(service, randomBytes(100), { fields: { metadata: '[]' } })).status).toBe(400)
    await service.maintain()
    await expectNothingBeside(files + 1)
  })

  it('reaps intents whose lease ran out, and the service takes new ones when it notices', async () => {
    await uploaded()
    await sql`update intents set lease_expires_at = now() - interval '1 s'`.execute(service.deps.db)
    await service.maintain()
    expect((await counts()).intents).toBe(0)
    expect(await upload(service, randomBytes(10))).toBeProblem(503, 'upload-fenced')
    await uploaded()
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  const raw = (bytes: Buffer, headers: string) =>
    Buffer.concat([
      Buffer.from(
        `PUT ${filesPath} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`,
      ),
      bytes,
    ])
  const form = (bytes: Buffer, headers: string) => {
    const head = '--b\r\nContent-Disposition: form-data; name="upfile"; filename="a"\r\n\r\n'
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--b--\r\n')])
    const start = `POST ${filesPath} HTTP/1.1\r\nHost: x\r\n${headers}Content-Type: multipart/form-data; boundary=b\r\n`
    return Buffer.concat([Buffer.from(`${start}Content-Length: ${body.length}\r\n\r\n`), body])
  }

  it.each([
    ['a small body', raw, 100, ''],
    ['a large body', raw, 1_000_000, ''],
    ['a form with a small file', form, 100, ''],
    ['a form with a large file', form, 1_000_000, ''],
    ['a form with an Idempotency-Key', form, 100, 'Idempotency-Key: fenced\r\n'],
  ])('fences the late commit of %s whose intent was reaped', async (_case, request, size, headers) => {
    const { files = 0 } = await counts()
    const bytes = randomBytes(size)
    const all = request(bytes, headers)
    const connection = await openRaw(service, all.subarray(0, -1))
    await eventually(async () => expect((await counts()).intents).toBeGreaterThan(0))
    await sql`update intents set lease_expires_at = now() - interval '1 s'`.execute(service.deps.db)
    await service.maintain()
    await connection.write(all.subarray(-1))
    const answer = await connection.answer()
    connection.destroy()
    expect(answer).toBeProblem(503, 'upload-fenced')
    expect(answer.headers.has('retry-after')).toBe(true)
    expect((await counts()).files).toBe(files)
    await service.maintain()
    await service.maintain()
    await expectNothingBeside(files)
    await eventually(async () => expect((await upload(service, bytes)).status).toBe(201))
  })

  it('forgets the answers to Idempotency-Keys after a day', async () => {
    const headers = { 'idempotency-key': 'remembered' }
    const bytes = randomBytes(10)
    const first = await uploaded(bytes, { headers })
    await service.maintain()
    const again = await upload(service, bytes, { headers })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body.id).toBe(first.id)

    const { db } = service.deps
    await sql`update idempotency set created_at = created_at - interval '25 h', locked_until = now()`.execute(
      db,
    )
    await service.maintain()
    expect(await upload(service, bytes, { headers })).toBeProblem(403, 'file-exists')
  })

  it('keeps deleted files and removed bytes as long as it is told to', async () => {
    const patient = await startService({ DELETED_RETENTION_SECONDS: '3600', READ_GRACE_SECONDS: '3600' })
    try {
      const { body: file } = await upload(patient, 'kept for a while')
      await send(patient, `${filesPath}/${file.id}`, { method: 'DELETE' })
      await patient.maintain()
      const { body: deleted } = await send<{ id: string; status: string }[]>(
        patient,
        `${filesPath}?deleted=true`,
      )
      expect(deleted).toMatchObject([{ id: file.id, status: 'deleted' }])

      await sql`update files set deleted_at = now() - interval '2 h'`.execute(patient.deps.db)
      await patient.maintain()
      const { counts: left } = await patient.findEverything({ deep: true })
      expect(left).toMatchObject({ 'deleted files': 0, blobs: 0, trash: 1, 'stored keys': 1 })
      expect(await patient.violations()).toEqual([])

      await sql`update trash set remove_after = now()`.execute(patient.deps.db)
      await patient.maintain()
      expect((await patient.findEverything({ deep: true })).counts).toMatchObject({
        trash: 0,
        'stored keys': 0,
      })
    } finally {
      await patient.stop()
    }
  })
})
