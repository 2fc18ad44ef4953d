import { describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { download, upload } from '../../support/api/files.ts'
import { type FileBody, filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { rawRequest } from '../../support/rawRequest.ts'
import { armFailpoints } from '../../support/service.ts'

describeService('updateFile', (service) => {
  const change = (reference: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    service.api
      .put(`${filesPath}/${reference}`)
      .type('json')
      .set(headers)
      .send(typeof body === 'string' ? body : JSON.stringify(body))
  const current = (id: string) => service.api.get(`${filesPath}/${id}`)

  describe('updateFile', () => {
    it.each([
      ['file_name', { file_name: 'Neuer Name.txt' }, { file_name: 'Neuer Name.txt' }],
      ['a name that is a path', { file_name: '../../etc/passwd' }, { file_name: 'passwd' }],
      ['file_type', { file_type: 'Text/Markdown' }, { file_type: 'text/markdown' }],
      ['metadata, all of it', { metadata: { b: [1, { c: null }] } }, { metadata: { b: [1, { c: null }] } }],
      ['metadata to null', { metadata: null }, { metadata: {} }],
      ['expires_at', { expires_at: '2999-01-01T00:00:00+02:00' }, { expires_at: '2998-12-31T22:00:00.000Z' }],
      ['expires_at to null', { expires_at: null }, { expires_at: null }],
      [
        'several at once',
        { file_name: 'x.csv', file_type: 'text/csv', metadata: {}, expires_at: '9999-12-31T23:59:59Z' },
        { file_name: 'x.csv', file_type: 'text/csv', metadata: {}, expires_at: '9999-12-31T23:59:59.000Z' },
      ],
    ])('changes %s and nothing else', async (_case, changes, changed) => {
      const fields = { metadata: '{"a":1}', expires_in: '86400' }
      const { body, headers } = await upload(service, freshText(), { name: 'old.txt', fields })
      const updated = await change(body.id, changes)
      expect(updated.status).toBe(201)
      expect(updated.body).toEqual({ ...body, ...changed, updated_at: updated.body.updated_at })
      expect(Date.parse(updated.body.updated_at)).toBeGreaterThanOrEqual(Date.parse(body.updated_at))
      expect(updated.headers.etag).toMatch(/^"[^"]+"$/)
      expect(updated.headers.etag).not.toBe(headers.etag)
      const now = await current(body.id)
      expect(now.body).toEqual(updated.body)
      expect(now.headers.etag).toBe(updated.headers.etag)
    })

    it.each(['file_hash', 'file_sha1', 'file_md5'] as const)(
      'finds the file by its %s too',
      async (property) => {
        const { body } = await upload(service, freshText())
        const updated = await change(body[property], { file_name: 'found.txt' })
        expect(updated.body).toMatchObject({ id: body.id, file_name: 'found.txt' })
      },
    )

    it('changes how the file is served, never its bytes', async () => {
      const text = freshText()
      const { body } = await upload(service, text)
      await change(body.id, { file_name: 'changed.css', file_type: 'text/css' })
      const { headers, body: bytes } = await download(service, body.id)
      expect(headers['content-type']).toBe('text/css; charset=utf-8')
      expect(headers['content-disposition']).toBe('attachment; filename=changed.css')
      expect(bytes.toString()).toBe(text)
    })

    it('lets a file expire, also at a time that was later before', async () => {
      const { body } = await upload(service, freshText(), { fields: { expires_in: '86400' } })
      const soon = new Date(Date.now() + 3000)
      expect((await change(body.id, { expires_at: soon.toISOString() })).body.expires_at).toBe(
        soon.toISOString(),
      )
      await new Promise((resolve) => setTimeout(resolve, soon.getTime() - Date.now() + 50))
      expect(await change(body.id, { expires_at: null })).toBeProblem(404, 'file-not-found')
      expect(await download(service, body.id)).toBeProblem(404, 'file-not-found')
    })
  })

  describe('updateFile with If-Match', () => {
    it('changes a file that is as the client knows it', async () => {
      const { body, headers } = await upload(service, freshText())
      let etag = headers.etag ?? ''
      for (const form of [(tag: string) => tag, (tag: string) => `"x", ${tag}`, () => '*']) {
        const updated = await change(body.id, { metadata: { form: form(etag) } }, { 'If-Match': form(etag) })
        expect(updated.status).toBe(201)
        etag = updated.headers.etag ?? ''
      }
    })

    it.each([
      ['a tag of before', (old: string) => old],
      ['another tag', () => '"x"'],
      ['a weak tag, which never matches', (_old: string, now: string) => `W/${now}`],
      ['the tag without quotes', (_old: string, now: string) => now.slice(1, -1)],
      ['the tag of the bytes', (_old: string, _now: string, hash: string) => `"${hash}"`],
    ])('refuses %s', async (_case, condition) => {
      const { body, headers } = await upload(service, freshText())
      const changed = await change(body.id, { file_name: 'now.txt' })
      const tags = [headers.etag ?? '', changed.headers.etag ?? ''] as const
      const refused = await change(
        body.id,
        { file_name: 'late.txt' },
        {
          'If-Match': condition(...tags, body.file_hash),
        },
      )
      expect(refused).toBeProblem(412, 'precondition-failed')
      expect((await current(body.id)).body).toEqual(changed.body)
    })

    it.each([
      ['that took the place of a deleted one', '', true],
      ['beside it', '?duplicates=allow', false],
    ])('refuses the tag of another file with the same bytes, %s', async (_case, query, removed) => {
      const text = freshText()
      const known = await upload(service, text, { name: 'a.txt' })
      const etag = known.headers.etag ?? ''
      if (removed) await service.api.delete(`${filesPath}/${known.body.id}`)
      const { body } = await upload(service, text, { name: 'b.txt', query })
      const reference = removed ? body.file_hash : body.id
      const refused = await change(reference, { file_name: 'c.txt' }, { 'If-Match': etag })
      expect(refused).toBeProblem(412, 'precondition-failed')
      const shown = await service.api.get(`${filesPath}/${body.file_hash}`).set({ 'If-None-Match': etag })
      expect(shown.body).toEqual(body)
    })

    it('blames no condition that holds when others change the file all the time', async () => {
      const { body } = await upload(service, freshText())
      let over = false
      const others = async () => {
        for (const until = performance.now() + 60_000; !over && performance.now() < until; )
          await sql`update files set version = version + 1 where id = ${body.id}::uuid`.execute(
            service.deps.db,
          )
      }
      await armFailpoints('D1=pause:500') // between looking and changing
      const changing = others()
      const changed = await change(body.id, { file_name: 'x' }, { 'If-None-Match': '"x"' })
      await armFailpoints('')
      over = true
      await changing
      expect(changed).toBeProblem(503, 'database-unavailable')
      expect(changed.headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect((await current(body.id)).body.file_name).toBe(body.file_name)
    })

    it('refuses If-None-Match of what is there', async () => {
      const { body, headers } = await upload(service, freshText())
      for (const condition of ['*', headers.etag ?? '', `W/${headers.etag}`]) {
        const refused = await change(body.id, { file_name: 'x' }, { 'If-None-Match': condition })
        expect(refused).toBeProblem(412, 'precondition-failed')
      }
      expect(await change(body.id, { file_name: 'x' }, { 'If-None-Match': '"x"' })).toMatchObject({
        status: 201,
      })
    })

    it('lets one of several that know the same state win', async () => {
      const { body, headers } = await upload(service, freshText())
      const names = Array.from({ length: 8 }, (_, index) => `${index}.txt`)
      const condition = { 'If-Match': headers.etag ?? '' }
      const answers = await Promise.all(names.map((file_name) => change(body.id, { file_name }, condition)))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(412)])
      const won = answers.find(({ status }) => status === 201)
      expect((await current(body.id)).body).toEqual(won?.body)
    })

    it('lets all of several win that set no condition', async () => {
      const { body } = await upload(service, freshText())
      const names = Array.from({ length: 24 }, (_, index) => `${index}.txt`)
      const answers = await Promise.all(names.map((file_name) => change(body.id, { file_name })))
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201))
      expect(answers.map((answer) => answer.body.file_name)).toEqual(names)
      expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(names.length)
    })
  })

  describe('updateFile refuses', () => {
    const properties = [
      ['id', '0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11'],
      ['file_hash', '0'.repeat(64)],
      ['file_sha1', '0'.repeat(40)],
      ['file_md5', '0'.repeat(32)],
      ['file_size', 1],
      ['bucket', 'other'],
      ['status', 'deleted'],
      ['created_at', '2020-01-01T00:00:00Z'],
      ['updated_at', '2020-01-01T00:00:00Z'],
      ['stored_at', '2020-01-01T00:00:00Z'],
      ['deleted_at', '2020-01-01T00:00:00Z'],
      ['content_url', 'https://example.com'],
      ['storage_key', '00/0'],
      ['version', 7],
      ['blob_id', 1],
      ['a/b~c', 1],
      ['', 1],
      ['__proto__', { file_name: 'x' }],
      ['constructor', {}],
    ] as const
    it.each(properties)('to write %j', async (name, value) => {
      const { body } = await upload(service, freshText())
      const entries = [
        ['file_name', 'changed.txt'],
        [name, value],
      ]
      const text = `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`)}}`
      const refused = await change(body.id, text)
      expect(refused).toBeProblem(403, 'invalid-properties')
      const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      expect(refused.body).toMatchObject({ errors: [{ pointer, detail: 'cannot be changed' }] })
      expect((await current(body.id)).body).toEqual(body)
    })

    it.each([
      ['an empty object', {}, 403, 'invalid-properties'],
      ['an array', [], 400, undefined],
      ['null', 'null', 400, undefined],
      ['text', '"file_name"', 400, undefined],
      ['a number', '1', 400, undefined],
      ['an empty body', '', 400, 'json-invalid'],
      ['half an object', '{"file_name":', 400, undefined],
      ['a name that is a number', { file_name: 7 }, 400, undefined],
      ['an empty name', { file_name: '' }, 400, undefined],
      ['a name of more than 4,096 letters', { file_name: 'n'.repeat(4097) }, 400, undefined],
      ['a name that is null', { file_name: null }, 400, undefined],
      ['a type that is none', { file_type: 'text' }, 400, undefined],
      ['a type with a line end', { file_type: 'text/plain\r\nX: y' }, 400, undefined],
      ['a type with parameters', { file_type: 'text/plain; charset=utf-8' }, 400, undefined],
      ['metadata that is text', { metadata: 'text' }, 400, undefined],
      ['metadata that is an array', { metadata: [] }, 400, undefined],
      ['metadata with U+0000', { metadata: { a: '\0' } }, 400, 'metadata-invalid'],
      ['metadata with half a pair', '{"metadata":{"a":"\\ud800"}}', 400, 'metadata-invalid'],
      ['metadata that means a prototype', '{"metadata":{"__proto__":{}}}', 400, 'metadata-invalid'],
      ['metadata with 1e400', '{"metadata":{"a":1e400}}', 400, 'metadata-invalid'],
      ['metadata of more than 64 KiB', { metadata: { a: 'x'.repeat(65_536) } }, 400, 'metadata-invalid'],
      ['an expiry that is no time', { expires_at: 'tomorrow' }, 400, undefined],
      ['an expiry that is a number', { expires_at: 4_000_000_000 }, 400, undefined],
      ['an expiry without a zone', { expires_at: '2999-01-01T00:00:00' }, 400, undefined],
      ['a day that is in no calendar', { expires_at: '2999-02-30T00:00:00Z' }, 400, undefined],
      ['an expiry in the past', { expires_at: '2020-01-01T00:00:00Z' }, 400, 'expiry-invalid'],
      ['more than 100 KiB', { metadata: {}, file_name: 'x', file_type: 'x'.repeat(102_400) }, 413, undefined],
    ])('%s', async (_case, changes, status, code) => {
      const { body } = await upload(service, freshText())
      expect(await change(body.id, changes)).toBeProblem(status, code)
      expect((await current(body.id)).body).toEqual(body)
    })

    it.each([
      [[], ''],
      [{ file_name: 7 }, '/file_name'],
      [{ metadata: 'text' }, '/metadata'],
    ])('%j, and names the place in it', async (changes, pointer) => {
      const { body } = await upload(service, freshText())
      const refused = await change(body.id, changes)
      expect(refused.body).toMatchObject({ errors: [{ pointer }] })
    })

    it.each([
      ['another type', { 'Content-Type': 'text/plain' }, 415],
      ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
      ['another charset', { 'Content-Type': 'application/json; charset=iso-8859-1' }, 415],
      ['another charset in quotes', { 'Content-Type': 'application/json;a=b; Charset="UTF-16"' }, 415],
      ['a client that takes no JSON', { Accept: 'text/html' }, 406],
    ])('%s', async (_case, headers, status) => {
      const { body } = await upload(service, freshText())
      expect(await change(body.id, { file_name: 'x' }, headers)).toBeProblem(status)
      expect((await current(body.id)).body).toEqual(body)
    })

    it.each([
      ['no body', '', 'json-invalid'],
      ['a chunked body of nothing', 'Transfer-Encoding: chunked\r\n', 'json-invalid'],
    ])('%s', async (_case, header, code) => {
      const { body } = await upload(service, freshText())
      const head = `PUT ${filesPath}/${body.id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
      const bytes = `${head}${header}\r\n${header === '' ? '' : '0\r\n\r\n'}`
      expect(await rawRequest(service, bytes)).toBeProblem(400, code)
    })

    it('a file that is not there', async () => {
      for (const reference of ['00000000-0000-4000-8000-000000000000', '0'.repeat(64), 'hello.txt'])
        expect(await change(reference, { file_name: 'x' })).toBeProblem(404, 'file-not-found')
      const { body } = await upload(service, freshText(), { fields: { bucket: 'apart' } })
      expect(await change(body.file_hash, { file_name: 'x' })).toBeProblem(404, 'file-not-found')
      expect(await change(`${body.file_hash}?bucket=apart`, { file_name: 'x' })).toMatchObject({
        status: 201,
      })
    })

    it('a hash that several files have, and names them, newest first', async () => {
      const text = freshText()
      const files: FileBody[] = []
      for (const name of ['one', 'two', 'three'])
        files.push((await upload(service, text, { name, query: '?duplicates=allow' })).body)
      const [one, two, three] = files
      for (const hash of [one?.file_hash, one?.file_sha1, one?.file_md5]) {
        const refused = await change(hash ?? '', { file_name: 'x' })
        expect(refused).toBeProblem(409, 'ambiguous-hash')
        expect(refused.body).toMatchObject({ ids: [three?.id, two?.id, one?.id] })
      }
      for (const file of files) expect((await current(file.id)).body).toEqual(file)
      expect((await change(two?.id ?? '', { file_name: 'x' })).status).toBe(201)
    })
  })
})
