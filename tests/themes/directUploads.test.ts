import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { announce, getStatus, gif, sendDirect, setStatus, sha256 } from '../support/direct.ts'
import { follow } from '../support/named.ts'
import { startService } from '../support/service.ts'

describeService('a direct upload', { UPLOAD_EXPIRATION: '3600' }, (service) => {
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

  describe('a signed form is judged as S3 judges it', () => {
    type Entry = readonly [name: string, value: string | Blob]
    const cases: readonly (readonly [string, (key: string, file: Blob) => readonly Entry[], number])[] = [
      [
        'with another key',
        (key, file) => [
          ['key', `${key}x`],
          ['file', file],
        ],
        403,
      ],
      [
        'with the key in capitals',
        (key, file) => [
          ['key', key.toUpperCase()],
          ['file', file],
        ],
        403,
      ],
      ['without its key', (_key, file) => [['file', file]], 400],
      [
        'with an empty key',
        (_key, file) => [
          ['key', ''],
          ['file', file],
        ],
        400,
      ],
      [
        'with its key behind the file',
        (key, file) => [
          ['file', file],
          ['key', key],
        ],
        400,
      ],
      ['without its file', (key) => [['key', key]], 400],
    ]
    it.each(cases)('%s', async (_case, entriesOf, status) => {
      const bytes = fresh()
      const { body } = await announce(service, bytes)
      const { key = '', ...others } = body.fields
      const form = new FormData()
      for (const [name, value] of Object.entries(others)) form.append(name, value)
      for (const [name, value] of entriesOf(key, new Blob([new Uint8Array(bytes)]))) form.append(name, value)
      const refused = await follow(service, body.url, { method: 'POST', body: form })
      expect(refused.status).toBe(status)
      if (!onS3) expect(refused).toBeProblem(status)
      expect((await getStatus(service, body.key)).body.status).toBe('pending')
      expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
    })

    it.each([
      ['another type', { 'Content-Type': 'text/html' }],
      ['another kind of the type', { 'Content-Type': 'image/png' }],
      ['a parameter', { 'Content-Type': 'image/gif; charset=utf-8' }],
      ['no type', {}],
    ])('and so is a signed PUT with %s', async (_case, headers) => {
      const bytes = fresh()
      const { body } = await announce(service, bytes, { method: 'PUT' })
      const sending = { method: 'PUT', body: new Uint8Array(bytes) }
      const refused = await follow(service, body.url, { ...sending, headers })
      expect(refused.status).toBe(403)
      if (!onS3) expect(refused).toBeProblem(403, 'link-invalid')
      expect((await getStatus(service, body.key)).body.status).toBe('pending')
      expect([200, 201]).toContain((await sendDirect(service, body, bytes)).status)
    })
  })

  it('is forgotten when nothing comes, with all that came', async () => {
    const short = await startService({ UPLOAD_EXPIRATION: '10', LEASE_SECONDS: '3' })
    const bytes = fresh()
    const { body } = await announce(short, bytes)
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThan(40_000)
    await short.deps.db
      .updateTable('uploads')
      .set({ expires_at: new Date(0).toISOString() })
      .execute()
    expect(await getStatus(short, body.key)).toBeProblem(404, 'file-not-found')
    expect(await setStatus(short, body.key, 'uploaded')).toBeProblem(404, 'file-not-found')
    await short.maintain()
    expect(await short.deps.db.selectFrom('uploads').selectAll().execute()).toEqual([])
    await short.stop()
  })
})
