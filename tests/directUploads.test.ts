import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, send, upload } from './support/client.ts'
import { describeService } from './support/describeService.ts'
import { announce, getStatus, gif, sendDirect, setStatus, sha256 } from './support/direct.ts'
import { makeBucket, sendJson } from './support/named.ts'
import { startService } from './support/service.ts'

describeService('direct uploads', { UPLOAD_EXPIRATION: '3600' }, (service) => {
  const fresh = () => gif(randomUUID())
  const onS3 = process.env.TEST_STORAGE === 's3'
  const files = async (bucket: string) =>
    (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body.map(({ id }) => id)

  describe.each(['POST', 'PUT'])('a file announced and sent by %s', (method) => {
    it('is a file once its sender says so, with its hash, type, name and metadata', async () => {
      const bytes = fresh()
      const announced = await announce(service, bytes, {
        method,
        sha256: sha256(bytes),
        metadata: { from: 'me' },
      })
      expect([announced.status, announced.body.status, announced.body.method]).toEqual([
        200,
        'pending',
        method,
      ])
      expect(announced.headers.get('cache-control')).toBe('no-store')
      expect(await getStatus(service, announced.body.key)).toMatchObject({
        body: { uuid: announced.body.key, name: 'a.gif', type: 'image/gif', status: 'pending' },
      })
      const sent = await sendDirect(service, announced.body, bytes)
      expect([200, 201]).toContain(sent.status)
      // Not every S3 tells it of a form.
      if (method === 'PUT' || !onS3) expect(sent.headers.get('etag')).not.toBeNull()

      const uploaded = await setStatus(service, announced.body.key, 'uploaded')
      expect([uploaded.status, uploaded.body.status]).toEqual([200, 'uploaded'])
      const { body: file } = await send<FileBody>(service, `${filesPath}/${announced.body.key}`)
      expect(file).toMatchObject({
        file_hash: sha256(bytes),
        file_name: 'a.gif',
        file_type: 'image/gif',
        file_size: bytes.length,
        metadata: { from: 'me' },
      })
      expect((await download(service, file.file_hash)).bytes).toEqual(bytes)
    })

    it('may be sent and said again: it is the same file', async () => {
      const bytes = fresh()
      const { body } = await announce(service, bytes, { method })
      for (let time = 0; time < 2; time++) {
        expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
        expect((await setStatus(service, body.key, 'uploaded')).body.status).toBe('uploaded')
      }
      expect((await download(service, body.key)).bytes).toEqual(bytes)
    })

    it('stays what it is when its sender sends other bytes later', async () => {
      const [bytes, other] = [fresh(), fresh()]
      const { body } = await announce(service, bytes, { method })
      await sendDirect(service, body, bytes)
      await setStatus(service, body.key, 'uploaded')
      const again = await sendDirect(service, body, other)
      if (!onS3) expect(again).toBeProblem(409, 'upload-taken')
      expect((await setStatus(service, body.key, 'uploaded')).status).toBe(200)
      await service.maintain()
      expect((await download(service, body.key)).bytes).toEqual(bytes)
      expect(await service.violations()).toEqual([])
    })

    it('is one file, however often it is said at once', async () => {
      const bucket = `b-${randomUUID()}`
      const bytes = fresh()
      const { body } = await announce(service, bytes, { method, bucket })
      await sendDirect(service, body, bytes)
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => setStatus(service, body.key, 'uploaded')),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect(await files(bucket)).toEqual([body.key])
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('is no file while nothing came', async () => {
      const { body } = await announce(service, fresh(), { method })
      expect(await setStatus(service, body.key, 'uploaded')).toBeProblem(409, 'file-missing-yet')
      expect((await getStatus(service, body.key)).body.status).toBe('pending')
      expect((await send(service, `${filesPath}/${body.key}`)).status).toBe(404)
    })

    const wrong: Record<string, (bytes: Buffer) => { announced?: object; sent: Buffer; codes: string[] }> = {
      'one byte more': (bytes) => ({
        sent: Buffer.concat([bytes, bytes.subarray(0, 1)]),
        codes: ['size-mismatch', 'file-too-large'],
      }),
      'one byte less': (bytes) => ({ sent: bytes.subarray(1), codes: ['size-mismatch'] }),
      'other bytes': (bytes) => ({
        announced: { sha256: sha256(fresh()) },
        sent: bytes,
        codes: ['digest-mismatch'],
      }),
      'another type': (bytes) => ({
        announced: { type: 'image/png' },
        sent: bytes,
        codes: ['type-mismatch'],
      }),
      'no video': (bytes) => ({ announced: { type: 'video' }, sent: bytes, codes: ['type-mismatch'] }),
      'a page for a picture': (bytes) => ({
        sent: Buffer.from(
          '<!doctype html><script>alert(1)</script>'.padEnd(bytes.length).slice(0, bytes.length),
        ),
        codes: ['type-mismatch'],
      }),
    }
    it.each(Object.entries(wrong))('is no file with %s, and can be sent again', async (_case, make) => {
      const bytes = gif(randomUUID().repeat(2))
      const { announced, sent, codes } = make(bytes)
      const { body } = await announce(service, bytes, { method, ...announced })
      const answer = await sendDirect(service, body, sent)
      const said = await setStatus(service, body.key, 'uploaded')
      const refusal = answer.status < 300 ? said : answer
      expect(refusal.status).toBeGreaterThanOrEqual(400)
      // S3 says it in its own words.
      if (refusal === said || !onS3)
        expect([...codes, 'file-missing-yet']).toContain(Reflect.get(Object(refusal.body), 'code'))
      expect((await getStatus(service, body.key)).body.status).toBe('pending')
      expect((await send(service, `${filesPath}/${body.key}`)).status).toBe(404)
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('may be of a family, and tells in the end what it is', async () => {
      const bytes = fresh()
      const { body } = await announce(service, bytes, { method, type: 'image' })
      expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
      expect((await setStatus(service, body.key, 'uploaded')).body.type).toBe('image/gif')
    })
  })

  describe('an announcement', () => {
    it.each([
      ['nothing', {}, 400],
      ['no size', { file_size: undefined }, 400],
      ['a size of nothing', { file_size: 0 }, 400],
      ['a negative size', { file_size: -1 }, 400],
      ['a size that is a text', { file_size: '10' }, 400],
      ['more than 5 GiB', { file_size: 5 * 2 ** 30 + 1 }, 413],
      ['a type that is none', { type: 'gif' }, 400],
      ['a family that is none', { type: 'audio' }, 400],
      ['no name', { filename: '' }, 400],
      ['a hash that is none', { sha256: 'abc' }, 400],
      ['a method that is none', { method: 'DELETE' }, 400],
      ['a bucket that cannot be', { bucket: '../x' }, 400],
      ['metadata that is no object', { metadata: [] }, 400],
      ['something unknown', { storage_key: 'x' }, 400],
    ])('of %s is refused', async (name, change, status) => {
      const usual = { filename: 'a.gif', type: 'image/gif', file_size: 20 }
      const body = name === 'nothing' ? {} : { ...usual, ...change }
      expect(await sendJson(service, 'POST', '/presigned-url', body)).toBeProblem(status)
    })

    it('is judged by the rules of the bucket', async () => {
      const { name: bucket } = (
        await makeBucket(service, `b-${randomUUID()}`, {
          max_file_size: 10,
          allowed_types: ['image/png', 'video/*'],
        })
      ).body
      const refused: [object, number][] = [
        [{ file_size: 11, type: 'image/png' }, 413],
        [{ file_size: 10, type: 'image/gif' }, 415],
        [{ file_size: 10, type: 'image' }, 200],
        [{ file_size: 10, type: 'video' }, 200],
        [{ file_size: 10, type: 'image/png' }, 200],
      ]
      for (const [change, status] of refused)
        expect([change, (await announce(service, fresh(), { bucket, ...change })).status]).toEqual([
          change,
          status,
        ])
    })

    it('holds for what comes by the rules of the bucket as they are then', async () => {
      const { name: bucket } = (await makeBucket(service, `b-${randomUUID()}`)).body
      const bytes = fresh()
      const { body } = await announce(service, bytes, { bucket })
      await sendJson(service, 'PATCH', `/buckets/${bucket}`, { allowed_types: ['image/png'] })
      const sent = await sendDirect(service, body, bytes)
      const answer = onS3 ? await setStatus(service, body.key, 'uploaded') : sent
      expect(answer).toBeProblem(415, 'type-not-allowed')
    })

    it('is forgotten when nothing comes, with all that came', async () => {
      const short = await startService({ UPLOAD_EXPIRATION: '10', LEASE_SECONDS: '3' })
      const bytes = fresh()
      const { body } = await announce(short, bytes)
      expect(Date.parse(body.expires_at) - Date.now()).toBeLessThan(40_000)
      await short.deps.db
        .updateTable('uploads')
        .set({ expires_at: new Date(0) })
        .execute()
      expect(await getStatus(short, body.key)).toBeProblem(404, 'file-not-found')
      expect(await setStatus(short, body.key, 'uploaded')).toBeProblem(404, 'file-not-found')
      await short.maintain()
      expect(await short.deps.db.selectFrom('uploads').selectAll().execute()).toEqual([])
      await short.stop()
    })
  })

  describe('the status of a file', () => {
    /** A file that was announced and came. */
    async function uploaded() {
      const bytes = fresh()
      const { body } = await announce(service, bytes)
      await sendDirect(service, body, bytes)
      await setStatus(service, body.key, 'uploaded')
      return body.key
    }

    it('goes on as its application says, and round again after a failure', async () => {
      const id = await uploaded()
      for (const status of [
        'processing',
        'failed',
        'pending',
        'uploaded',
        'processing',
        'completed',
        'completed',
      ])
        expect((await setStatus(service, id, status)).body.status).toBe(status)
      expect((await download(service, id)).status).toBe(200)
    })

    it('cannot be what does not follow', async () => {
      const ways = ['pending', 'uploaded', 'processing', 'completed', 'failed']
      const follows: Record<string, string> = {
        uploaded: 'processing',
        processing: 'completed failed',
        completed: '',
      }
      const id = await uploaded()
      for (const status of ['uploaded', 'processing', 'completed']) {
        await setStatus(service, id, status)
        for (const next of ways.filter((way) => way !== status && !follows[status]?.includes(way)))
          expect(await setStatus(service, id, next)).toBeProblem(409, 'invalid-transition')
      }
      const { body } = await announce(service, fresh())
      for (const next of ['processing', 'completed', 'failed'])
        expect(await setStatus(service, body.key, next)).toBeProblem(409, 'invalid-transition')
    })

    it('of a file that came in another way is completed', async () => {
      const { id } = (await upload(service, randomUUID())).body
      expect((await getStatus(service, id)).body).toMatchObject({
        uuid: id,
        status: 'completed',
        type: 'text/plain',
      })
      expect(await setStatus(service, id, 'pending')).toBeProblem(409, 'invalid-transition')
    })

    it('is told no more once the file is deleted', async () => {
      const id = await uploaded()
      await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
      expect(await getStatus(service, id)).toBeProblem(404, 'file-not-found')
      expect(await setStatus(service, id, 'processing')).toBeProblem(404, 'file-not-found')
      await service.maintain()
      const left = await service.deps.db.selectFrom('uploads').select('id').where('id', '=', id).execute()
      expect(left).toEqual([])
    })

    it.each([
      ['an id that is none', { uuid: 'x', status: 'uploaded' }, 400],
      ['a status that is none', { uuid: randomUUID(), status: 'done' }, 400],
      ['an unknown id', { uuid: randomUUID(), status: 'uploaded' }, 404],
      ['no status', { uuid: randomUUID() }, 400],
    ])('cannot be set with %s', async (_case, body, status) => {
      expect(await sendJson(service, 'PUT', '/file-status', body)).toBeProblem(status)
    })
  })
})
