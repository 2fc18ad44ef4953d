import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it, jest } from '@jest/globals'
import type { Response } from 'supertest'
import { download, upload } from '../../support/api/files.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('createFile', (service) => {
  const digest = (algorithm: string, bytes: string | Buffer) =>
    createHash(algorithm).update(bytes).digest('hex')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

  describe('createFile', () => {
    it('stores a file that is found by its hash and comes back byte for byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251))
      const hash = digest('sha256', bytes)
      const created = await upload(service, bytes, { name: 'numbers.bin' })
      expect(created.status).toBe(201)
      expect(created.body).toMatchObject({
        file_hash: hash,
        file_name: 'numbers.bin',
        file_size: 3_000_000,
        status: 'stored',
      })
      expect((await service.api.get(`${filesPath}/${hash}`)).body).toEqual(created.body)
      expect((await download(service, hash)).body.equals(bytes)).toBe(true)
    })

    it('answers with the whole metadata object, its address and its entity tag', async () => {
      const text = freshText()
      const { status, headers, body } = await upload(service, text, { name: 'note.txt', type: 'text/plain' })
      expect(status).toBe(201)
      expect(body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        file_hash: digest('sha256', text),
        file_name: 'note.txt',
        file_size: Buffer.byteLength(text),
        file_type: 'text/plain',
        file_sha1: digest('sha1', text),
        file_md5: digest('md5', text),
        bucket: 'default',
        status: 'stored',
        owner: null,
        metadata: {},
        created_at: time,
        updated_at: body.created_at,
        stored_at: body.created_at,
        expires_at: null,
        deleted_at: null,
        created_by: null,
        content_url: `${filesPath}/${body.id}/content`,
      })
      expect(headers['content-type']).toMatch(/^application\/json/)
      expect(headers.location).toBe(`${filesPath}/${body.id}`)
      const found = await service.api.get(headers.location ?? '')
      expect(found.body).toEqual(body)
      expect(found.headers.etag).toBe(headers.etag)
    })

    it('takes name, type, bucket, metadata and expiry from parts of the form, wherever they stand', async () => {
      const fields = {
        file_name: 'Überraschung.csv',
        file_type: 'text/csv',
        bucket: 'invoices.2026',
        metadata: '{"by":"mail","tags":["a",1,null,true],"deep":{"er":{}}}',
        expires_in: '3600',
      }
      const before = Date.now()
      const { status, body } = await service.api
        .post(filesPath)
        .attach('upfile', Buffer.from(freshText('a;b;c')), 'part.bin')
        .field(fields)
      expect(status).toBe(201)
      expect(body).toMatchObject({
        file_name: fields.file_name,
        file_type: 'text/csv',
        bucket: fields.bucket,
        metadata: JSON.parse(fields.metadata),
      })
      const expiry = Date.parse(body.expires_at ?? '')
      expect(expiry).toBeGreaterThanOrEqual(before + 3_600_000)
      expect(expiry).toBeLessThanOrEqual(Date.now() + 3_600_000)
      const again = await upload(service, freshText('a;b;c'), { name: 'part.bin', fields })
      expect(again.body).toMatchObject({ file_name: fields.file_name, bucket: fields.bucket })
    })

    it.each([false, true])(
      'lets a file live as long as was asked for, whatever the clock here says (Idempotency-Key: %s)',
      async (keyed) => {
        const headers: Record<string, string> = keyed ? { 'Idempotency-Key': 'ten-minutes' } : {}
        const text = freshText()
        const hour = 3_600_000
        const now = Date.now
        const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - hour)
        const create = () => upload(service, text, { fields: { expires_in: '600' } }).set(headers)
        const { status, body } = await create()
          .then((answer) => answer)
          .finally(() => clock.mockRestore())
        expect(status).toBe(201)
        expect(Date.parse(body.expires_at ?? '') - Date.parse(body.created_at)).toBe(600_000)
        expect((await service.api.get(`${filesPath}/${body.id}`)).body).toEqual(body)
        if (keyed) expect((await create()).body).toEqual(body)
      },
    )

    it('takes the name of the part where a form leaves `file_name` empty', async () => {
      const { body } = await upload(service, freshText(), {
        name: 'of the part.txt',
        fields: { file_name: '' },
      })
      expect(body.file_name).toBe('of the part.txt')
    })

    it('stores a file of 0 bytes', async () => {
      const { status, body } = await upload(service, '', { name: 'empty.dat' })
      expect(status).toBe(201)
      expect(body).toMatchObject({ file_size: 0, file_hash: digest('sha256', ''), file_name: 'empty.dat' })
      const downloaded = await download(service, body.id)
      expect(downloaded.status).toBe(200)
      expect(downloaded.headers['content-length']).toBe('0')
      expect(downloaded.body).toHaveLength(0)
    })

    const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
    it.each([
      ['a picture called a page', Buffer.concat([png, Buffer.from('page')]), 'text/html', 'image/png'],
      ['a page called a picture', '<!DOCTYPE html><p>page', 'image/png', 'text/html'],
      ['a drawing called text', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'text/plain', 'image/svg+xml'],
      ['a document called a picture', '%PDF-1.7\n%\xe2\xe3', 'image/jpeg', 'application/pdf'],
      ['text called a page', 'no page at all', 'text/html', 'text/plain'],
      ['text called comma-separated', 'a,b\n1,2\n', 'text/csv; charset=utf-8; header=present', 'text/csv'],
      ['text called JSON', '{"a":1}', 'application/json', 'application/json'],
      ['noise called text', Buffer.from([0, 1, 2, 255, 254, 253]), 'text/plain', 'application/octet-stream'],
      ['text without a type', 'no type', '', 'text/plain'],
    ])('says what the bytes are: %s', async (_case, bytes, type, detected) => {
      const { status, body } = await upload(service, bytes, { type, fields: { bucket: 'types' } })
      expect(status).toBe(201)
      expect(body.file_type).toBe(detected)
    })
  })

  describe('createFile, given bytes that the bucket holds', () => {
    it('refuses them, and shows the file that has them', async () => {
      const first = await upload(service, 'the same bytes', { fields: { metadata: '{"first":true}' } })
      const second = await upload(service, 'the same bytes', { name: 'another.txt' })
      expect(second).toBeProblem(403, 'file-exists')
      expect(second.body).toMatchObject({ file: first.body })
      expect(await upload(service, 'the same bytes', { query: '?duplicates=refuse' })).toBeProblem(403)
      const found = await service.api.get(`${filesPath}/${first.body.file_hash}`)
      expect(found.body).toEqual(first.body)
    })

    it('makes a second file of them with duplicates=allow', async () => {
      const text = freshText()
      const first = await upload(service, text, { name: 'one.txt' })
      const second = await upload(service, text, { name: 'two.txt', query: '?duplicates=allow' })
      expect(second.status).toBe(201)
      expect(second.body).toMatchObject({ file_hash: first.body.file_hash, file_name: 'two.txt' })
      expect(second.body.id).not.toBe(first.body.id)
      for (const { body } of [first, second]) {
        expect((await service.api.get(`${filesPath}/${body.id}`)).body).toEqual(body)
        expect((await download(service, body.id)).body.toString()).toBe(text)
      }
    })

    it('answers 412 to If-None-Match: *, whatever is said of duplicates', async () => {
      const text = freshText()
      const headers = { 'If-None-Match': '*' }
      expect((await upload(service, text).set(headers)).status).toBe(201)
      for (const query of ['', '?duplicates=allow'])
        expect(await upload(service, text, { query }).set(headers)).toBeProblem(412, 'precondition-failed')
      expect(await upload(service, text).set('If-None-Match', '"x"')).toBeProblem(403, 'file-exists')
    })

    it('takes them in another bucket', async () => {
      const text = freshText()
      const first = await upload(service, text)
      const second = await upload(service, text, { fields: { bucket: 'elsewhere' } })
      expect(second.status).toBe(201)
      expect(second.body.id).not.toBe(first.body.id)
      expect(await upload(service, text, { fields: { bucket: 'elsewhere' } })).toBeProblem(403, 'file-exists')
    })

    it('takes them again once the file that had them is deleted', async () => {
      const text = freshText()
      const first = await upload(service, text)
      await service.api.delete(`${filesPath}/${first.body.id}`)
      const second = await upload(service, text)
      expect(second.status).toBe(201)
      expect((await download(service, second.body.file_hash)).body.toString()).toBe(text)
    })
  })

  /** Text that no index can pack. */
  const noise = (length: number) => randomBytes(length).toString('base64').slice(0, length)

  describe('createFile refuses', () => {
    const invalid = [
      ['a bucket in capitals', { fields: { bucket: 'Photos' } }, 'bad-request'],
      ['a bucket that is a path', { fields: { bucket: '../x' } }, 'bad-request'],
      ['a bucket of 64 letters', { fields: { bucket: 'b'.repeat(64) } }, 'bad-request'],
      ['metadata that is no JSON', { fields: { metadata: '{' } }, 'metadata-invalid'],
      ['metadata that is an array', { fields: { metadata: '[]' } }, 'metadata-invalid'],
      ['metadata that is null', { fields: { metadata: 'null' } }, 'metadata-invalid'],
      ['metadata that is text', { fields: { metadata: '"text"' } }, 'metadata-invalid'],
      ['metadata with U+0000', { fields: { metadata: '{"a":"\\u0000"}' } }, 'metadata-invalid'],
      ['metadata with half a pair', { fields: { metadata: '{"\\ud800":1}' } }, 'metadata-invalid'],
      ['metadata that means a prototype', { fields: { metadata: '{"__proto__":1}' } }, 'metadata-invalid'],
      ['metadata with 1e400', { fields: { metadata: '{"a":1e400}' } }, 'metadata-invalid'],
      [
        'metadata in 17 levels',
        { fields: { metadata: `${'{"a":'.repeat(17)}1${'}'.repeat(17)}` } },
        undefined,
      ],
      ['an expiry of 0', { fields: { expires_in: '0' } }, 'bad-request'],
      ['a negative expiry', { fields: { expires_in: '-1' } }, 'bad-request'],
      ['half a second', { fields: { expires_in: '0.5' } }, 'bad-request'],
      ['an expiry that is a word', { fields: { expires_in: 'never' } }, 'bad-request'],
      ['an expiry beyond any calendar', { fields: { expires_in: '99999999999' } }, 'bad-request'],
      ['a name of more than 4,096 letters', { fields: { file_name: 'n'.repeat(4097) } }, 'bad-request'],
      ['a type of 256 letters', { fields: { file_type: 't'.repeat(256) } }, 'bad-request'],
      ['duplicates=maybe', { query: '?duplicates=maybe' }, 'bad-request'],
      ['duplicates given twice', { query: '?duplicates=allow&duplicates=allow' }, 'bad-request'],
      ['an unknown parameter', { query: '?bucket=default' }, 'bad-request'],
      ['an Idempotency-Key with a blank', { key: 'a b' }, 'bad-request'],
      ['an Idempotency-Key of 9,000 letters', { key: noise(9000) }, 'bad-request'],
      ['an Idempotency-Key of 256 letters', { key: noise(256) }, 'bad-request'],
    ] as const
    it.each(invalid)('%s with 400', async (_case, given, code) => {
      const { key, ...options } = { key: undefined, ...given }
      const sending = upload(service, freshText(), options)
      expect(await (key === undefined ? sending : sending.set('Idempotency-Key', key))).toBeProblem(400, code)
    })

    const post = () => service.api.post(filesPath)
    const file = (sending = post()) => sending.attach('upfile', Buffer.from(freshText()), 'x.txt')
    const nameless = '--b\r\nContent-Disposition: form-data; name="upfile"; filename=""\r\n\r\n\r\n--b--\r\n'
    const requests: readonly [string, () => PromiseLike<Response>, number, string][] = [
      ['a form without a file', () => post().field('file_name', 'x'), 400, 'file-missing'],
      [
        'an empty form',
        () => post().type('multipart/form-data; boundary=b').send('--b--\r\n'),
        400,
        'file-missing',
      ],
      [
        'a file without a name and bytes',
        () => post().type('multipart/form-data; boundary=b').send(nameless),
        400,
        'file-missing',
      ],
      ['text in the part upfile', () => post().field('upfile', 'text'), 400, 'file-missing'],
      ['two files', () => file(file()), 400, 'form-invalid'],
      [
        'a file as file_name',
        () => file().attach('file_name', Buffer.from('x'), 'x.txt'),
        400,
        'form-invalid',
      ],
      ['a part given twice', () => file().field('bucket', 'a').field('bucket', 'a'), 400, 'form-invalid'],
      [
        'a text part of more than 64 KiB',
        () => file().field('file_name', 'x'.repeat(65_537)),
        413,
        'form-too-large',
      ],
      ['JSON', () => post().send({}), 415, 'unsupported-media-type'],
      ['a body without a type', () => post().send(Buffer.alloc(3)), 415, 'unsupported-media-type'],
      [
        'another kind of multipart',
        () => post().type('multipart/mixed; boundary=b').send('--b--'),
        415,
        'unsupported-media-type',
      ],
      ['a packed body', () => file().set('Content-Encoding', 'gzip'), 415, 'encoding-unsupported'],
      ['a file of which a tag is known', () => file().set('If-Match', '"x"'), 412, 'precondition-failed'],
      ['a client that takes no JSON', () => file().set('Accept', 'text/html'), 406, 'not-acceptable'],
      ['nothing at all', () => post(), 415, 'unsupported-media-type'],
    ]
    it.each(requests)('%s', async (_case, send, status, code) => {
      expect(await send()).toBeProblem(status, code)
    })

    it('and says which part or parameter was wrong', async () => {
      const part = await upload(service, freshText(), { fields: { expires_in: 'never' } })
      expect(part.body).toMatchObject({ errors: [{ pointer: '/expires_in' }] })
      const parameter = await upload(service, freshText(), { query: '?duplicates=maybe' })
      expect(parameter.body).toMatchObject({ errors: [{ parameter: 'duplicates' }] })
    })

    it('without leaving anything behind', async () => {
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })
  })
})
