import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { announce, beginMultipart } from '../support/api/direct.ts'
import { follow } from '../support/api/named.ts'
import { type Answer, type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { gif } from '../support/direct.ts'
import { list } from '../support/pages.ts'

describeService('content digests', (service) => {
  type Headers = Readonly<Record<string, string>>
  type WayIn = (bytes: string, headers: Headers) => Promise<Answer<FileBody>>
  const waysIn: readonly [string, WayIn][] = [
    ['createFile', (bytes, headers) => upload(service, bytes, { headers })],
    ['putFile', (bytes, headers) => putRaw(service, bytes, { headers })],
  ]
  const algorithms = [
    ['sha-256', 'sha256'],
    ['sha-512', 'sha512'],
    ['sha', 'sha1'],
    ['md5', 'md5'],
  ] as const
  const digest = (name: string, algorithm: string, bytes: string | Buffer) =>
    `${name}=:${createHash(algorithm).update(bytes).digest('base64')}:`
  const good = (bytes: string) => digest('sha-256', 'sha256', bytes)
  const bad = digest('sha-256', 'sha256', 'other bytes')

  describe.each(waysIn)('%s', (_operation, store) => {
    describe.each(['Content-Digest', 'Repr-Digest'])('with %s', (header) => {
      it.each(algorithms)('takes bytes with the right %s and refuses others', async (name, algorithm) => {
        const bytes = freshText()
        const refused = await store(bytes, { [header]: digest(name, algorithm, `${bytes} `) })
        expect(refused).toBeProblem(422, 'digest-mismatch')
        expect(refused.body).toMatchObject({ errors: [{ header, detail: `${name} differs` }] })
        // 201 also says that nothing was kept of what was refused.
        expect(await store(bytes, { [header]: digest(name, algorithm, bytes) })).toMatchObject({
          status: 201,
        })
      })

      it('demands that every digest it knows is right', async () => {
        const bytes = freshText()
        const all = algorithms.map(([name, algorithm]) => digest(name, algorithm, bytes))
        const wrong = [...all.slice(0, 3), digest('md5', 'md5', 'other bytes')]
        expect(await store(bytes, { [header]: wrong.join(', ') })).toBeProblem(422, 'digest-mismatch')
        expect((await store(bytes, { [header]: all.join(',') })).status).toBe(201)
      })

      it('ignores algorithms that it does not know', async () => {
        const bytes = freshText()
        expect(await store(bytes, { [header]: `crc32c=:AAAAAA==:, ${bad}` })).toBeProblem(422)
        expect((await store(bytes, { [header]: 'crc32c=:AAAAAA==:, x-new=:AA==:' })).status).toBe(201)
      })

      it.each([
        'sha-256',
        'sha-256=abc',
        'sha-256="abc"',
        'sha-256=:!!!!:',
        'sha-256=::',
        `sha-256=:${Buffer.alloc(31).toString('base64')}:`,
        `sha-256=:${Buffer.alloc(33).toString('base64')}:`,
        `md5=:${Buffer.alloc(32).toString('base64')}:`,
        `sha-256=:${Buffer.alloc(32).toString('hex')}:`,
        'sha-256=:AAAA:; sha-512=:AAAA:',
        ',',
        'SHA-256=:AAAA:',
        '=:AAAA:',
      ])('refuses %j, which is no digest', async (text) => {
        const bytes = freshText()
        const refused = await store(bytes, { [header]: text })
        expect(refused).toBeProblem(400, 'digest-invalid')
        expect(refused.body).toMatchObject({ errors: [{ header }] })
        expect((await store(bytes, {})).status).toBe(201)
      })
    })

    describe('with the headers of older clients', () => {
      const base64 = (algorithm: string, bytes: string) =>
        createHash(algorithm).update(bytes).digest('base64')

      it.each([
        ['Content-MD5', 'md5', (bytes: string) => base64('md5', bytes)],
        ['Digest', 'md5', (bytes: string) => `MD5=${base64('md5', bytes)}`],
        ['Digest', 'sha', (bytes: string) => `unixsum=30637,SHA=${base64('sha1', bytes)}`],
        ['Digest', 'sha-256', (bytes: string) => `SHA-256=${base64('sha256', bytes)}`],
        ['Digest', 'sha-512', (bytes: string) => `sha-512=${base64('sha512', bytes)}`],
      ])('takes bytes with the right %s (%s) and refuses others', async (header, name, value) => {
        const bytes = freshText()
        const refused = await store(bytes, { [header]: value('other bytes') })
        expect(refused).toBeProblem(422, 'digest-mismatch')
        expect(refused.body).toMatchObject({ errors: [{ header, detail: `${name} differs` }] })
        expect((await store(bytes, { [header]: value(bytes) })).status).toBe(201)
      })

      it.each([
        ['Content-MD5', ''],
        ['Content-MD5', 'abc'],
        ['Content-MD5', Buffer.alloc(16).toString('hex')],
        ['Content-MD5', Buffer.alloc(20).toString('base64')],
        ['Digest', 'SHA-256'],
        ['Digest', 'SHA-256=abc'],
        ['Digest', digest('sha-256', 'sha256', 'x')],
      ])('refuses the %s %j, which is no digest', async (header, text) => {
        const refused = await store(freshText(), { [header]: text })
        expect(refused).toBeProblem(400, 'digest-invalid')
        expect(refused.body).toMatchObject({ errors: [{ header }] })
      })
    })

    it('judges both headers', async () => {
      const bytes = freshText()
      const headers = (content: string, repr: string) => ({ 'Content-Digest': content, 'Repr-Digest': repr })
      expect(await store(bytes, headers(good(bytes), bad))).toBeProblem(422, 'digest-mismatch')
      expect(await store(bytes, headers(bad, good(bytes)))).toBeProblem(422, 'digest-mismatch')
      expect((await store(bytes, headers(good(bytes), good(bytes)))).status).toBe(201)
    })

    it('keeps nothing of what was refused', async () => {
      const bytes = freshText('refused')
      const before = await list(service, '?count=exact&limit=1')
      expect(await store(bytes, { 'Repr-Digest': bad })).toBeProblem(422, 'digest-mismatch')
      const hash = createHash('sha256').update(bytes).digest('hex')
      expect(await send(service, `${filesPath}/${hash}`)).toBeProblem(404)
      const after = await list(service, '?count=exact&limit=1')
      expect(after.headers.get('x-total-count')).toBe(before.headers.get('x-total-count'))
      await service.maintain()
      expect(await service.violations()).toEqual([])
    })

    it('says that bytes exist only to who sent the right ones', async () => {
      const bytes = freshText()
      await store(bytes, {})
      expect(await store(bytes, { 'Repr-Digest': bad })).toBeProblem(422, 'digest-mismatch')
      expect(await store(bytes, { 'Repr-Digest': good(bytes) })).toBeProblem(403, 'file-exists')
    })
  })

  describe('A form as a whole', () => {
    const form = (bytes: string) =>
      Buffer.from(
        `--edge\r\nContent-Disposition: form-data; name="upfile"; filename="x.txt"\r\n\r\n${bytes}\r\n--edge--\r\n`,
      )
    const post = (body: Buffer, headers: Headers) =>
      send(service, filesPath, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'Content-Type': 'multipart/form-data; boundary=edge', ...headers },
      })

    it.each(algorithms)(
      'may be what the %s in Content-Digest is of, as RFC 9530 has it',
      async (name, algorithm) => {
        const body = form(freshText())
        expect(await post(body, { 'Content-Digest': digest(name, algorithm, 'other') })).toBeProblem(422)
        expect((await post(body, { 'Content-Digest': digest(name, algorithm, body) })).status).toBe(201)
      },
    )

    it.each([
      ['Content-MD5', 'md5', ''],
      ['Digest', 'sha256', 'SHA-256='],
    ])('may be what %s is of', async (header, algorithm, start) => {
      const body = form(freshText())
      const value = (bytes: string | Buffer) => start + createHash(algorithm).update(bytes).digest('base64')
      expect(await post(body, { [header]: value('other') })).toBeProblem(422)
      expect((await post(body, { [header]: value(body) })).status).toBe(201)
    })

    it('may be so for one algorithm while another is of the file', async () => {
      const bytes = freshText()
      const both = `${digest('sha-256', 'sha256', form(bytes))}, ${digest('md5', 'md5', bytes)}`
      expect((await post(form(bytes), { 'Content-Digest': both })).status).toBe(201)
    })

    it('is never what Repr-Digest is of', async () => {
      const body = form(freshText())
      const headers = { 'Repr-Digest': digest('sha-256', 'sha256', body) }
      expect(await post(body, headers)).toBeProblem(422, 'digest-mismatch')
      const both = { ...headers, 'Content-Digest': digest('sha-256', 'sha256', body) }
      expect(await post(body, both)).toBeProblem(422, 'digest-mismatch')
    })
  })

  describe.each([
    ['Content-MD5', (bytes: Buffer) => createHash('md5').update(bytes).digest('base64')],
    ['Digest', (bytes: Buffer) => `SHA-256=${createHash('sha256').update(bytes).digest('base64')}`],
    ['Content-Digest', (bytes: Buffer) => digest('sha-256', 'sha256', bytes)],
  ])('%s, as on every upload', (header, headerFor) => {
    const other = Buffer.from('other bytes')

    it.each(['/file', '/file/digests'])('is checked: POST %s', async (path) => {
      const bytes = Buffer.from(freshText())
      const post = (of: Buffer) =>
        service.api.post(path).set(header, headerFor(of)).attach('file', bytes, `${randomUUID()}.txt`)
      expect(await post(other)).toBeProblem(422, 'digest-mismatch')
      expect((await post(bytes)).status).toBe(201)
    })

    // S3 checks these headers itself.
    if (process.env.TEST_STORAGE === 's3') return
    it('is checked: a signed request and a part', async () => {
      const bytes = gif(randomUUID())
      const { body: announced } = await announce(service, bytes, { method: 'PUT' }).expect(200)
      const put = (of: Buffer) =>
        follow(service, announced.url, 'put').set(announced.headers).set(header, headerFor(of)).send(bytes)
      expect(await put(other)).toBeProblem(422, 'digest-mismatch')
      expect((await put(bytes)).status).toBeLessThan(300)

      const { body: begun } = await beginMultipart(service).expect(200)
      const { body: part } = await service.api.get(`/s3/multipart/${begun.uploadId}/1`).expect(200)
      const send = (of: Buffer) => follow(service, part.url, 'put').set(header, headerFor(of)).send(bytes)
      expect(await send(other)).toBeProblem(422, 'digest-mismatch')
      expect((await send(bytes)).status).toBe(200)
    })
  })
})
