import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Response } from 'supertest'
import { download, upload } from '../../support/api/files.ts'
import { type FileBody, filesPath, freshText } from '../../support/client.ts'
import { parseDisposition } from '../../support/contentDisposition.ts'
import { describeService } from '../../support/describeService.ts'

const bytes = Buffer.from(Array.from({ length: 2_500_001 }, (_, index) => (index * 31 + (index >> 8)) % 256))
const size = bytes.length

describeService('downloadFile', (service) => {
  let file: FileBody
  beforeAll(async () => {
    file = (await upload(service, bytes, { name: 'numbers.bin' })).body
  })

  const ask = (method: 'get' | 'head', headers: Readonly<Record<string, string>> = {}, id = file.id) =>
    service.api[method](`${filesPath}/${id}/content`).set(headers)
  const get = (headers: Readonly<Record<string, string>> = {}) => ask('get', headers)
  const shown = ({ headers }: Pick<Response, 'headers'>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(headers).filter(([name]) => !/^(date|x-request-id|connection|keep-alive)$/.test(name)),
    )

  describe('downloadFile', () => {
    const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

    it('sends all bytes, and says what they are, how many, and how to check and keep them', async () => {
      const answer = await get()
      expect(answer.status).toBe(200)
      expect(answer.body.equals(bytes)).toBe(true)
      expect(shown(answer)).toEqual({
        'content-type': 'application/octet-stream',
        'content-length': String(size),
        'content-disposition': 'attachment; filename=numbers.bin',
        'accept-ranges': 'bytes',
        etag: `"${file.file_hash}"`,
        'last-modified': new Date(file.stored_at).toUTCString(),
        'repr-digest': digest,
        'content-digest': digest,
        'cache-control': 'private, no-cache',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      })
    })

    it.each(['id', 'file_hash', 'file_sha1', 'file_md5'] as const)(
      'finds the file by its %s',
      async (property) => {
        expect((await download(service, file[property])).body.equals(bytes)).toBe(true)
      },
    )

    it('is what content_url leads to', async () => {
      expect((await service.api.get(file.content_url)).body.equals(bytes)).toBe(true)
    })

    it('looks a hash up in the bucket that is named', async () => {
      const { body } = await upload(service, 'apart', { fields: { bucket: 'apart' } })
      const path = `${filesPath}/${body.file_hash}/content`
      expect(await service.api.get(path)).toBeProblem(404, 'file-not-found')
      expect((await service.api.get(`${path}?bucket=apart`)).body.toString()).toBe('apart')
      expect((await service.api.get(body.content_url)).body.toString()).toBe('apart')
    })

    it('sends the newest of several files with the same bytes', async () => {
      const text = freshText()
      const { body } = await upload(service, text, { name: 'old.txt' })
      await upload(service, text, { name: 'new.txt', query: '?duplicates=allow' })
      const { headers } = await download(service, body.file_hash)
      expect(headers['content-disposition']).toBe('attachment; filename=new.txt')
    })

    it('answers HEAD with the headers of GET and no body, whatever range is asked for', async () => {
      // A HEAD sends no bytes, so it has no Content-Digest.
      const { 'content-digest': _, ...got } = shown(await get())
      for (const headers of [{}, { Range: 'bytes=0-1' }, { Range: `bytes=${size}-` }]) {
        const head = await ask('head', headers)
        expect([head.status, head.body, shown(head)]).toEqual([200, {}, got])
      }
    })

    it('sends a file of 0 bytes', async () => {
      const { body } = await upload(service, '', { name: 'empty' })
      for (const method of ['get', 'head'] as const) {
        const answer = await ask(method, {}, body.id)
        expect([answer.status, answer.headers['content-length']]).toEqual([200, '0'])
        expect(answer.body).toEqual(method === 'get' ? Buffer.alloc(0) : {})
      }
      for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
        const answer = await ask('get', { Range: range }, body.id)
        expect(answer).toBeProblem(416, 'range-not-satisfiable')
        expect(answer.headers['content-range']).toBe('bytes */0')
      }
    })

    it('sends the same file to many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => get()))
      expect(answers.every((answer) => answer.body.equals(bytes))).toBe(true)
    })

    it.each(['download=1', 'fbclid=IwAR0x', 'a[b]=c', '__proto__=1'])(
      'ignores what other sites append to its address: %s',
      async (query) => {
        for (const known of ['', 'disposition=inline&'])
          expect(await service.api.get(`${file.content_url}?${known}${query}`)).toMatchObject({ status: 200 })
        expect(await service.api.get(`${file.content_url}?${query}&bucket=Photos`)).toBeProblem(400)
      },
    )

    it.each([
      ['an unknown disposition', '?disposition=show'],
      ['a bucket in capitals', '?bucket=Photos'],
    ])('refuses %s', async (_case, query) => {
      expect(await service.api.get(`${file.content_url}${query}`)).toBeProblem(400)
    })

    it.each(['put', 'delete'] as const)('refuses %s', async (method) => {
      const answer = await service.api[method](file.content_url)
      expect(answer).toBeProblem(405)
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS')
    })
  })

  describe('downloadFile with a Range', () => {
    it.each([
      ['bytes=0-0', 0, 1],
      ['bytes=0-', 0, size],
      ['bytes=1048575-1048576', 1_048_575, 1_048_577],
      ['bytes=1048576-2097151', 1_048_576, 2_097_152],
      [`bytes=${size - 1}-`, size - 1, size],
      [`bytes=${size - 1}-${size + 9}`, size - 1, size],
      ['bytes=5-99999999999999999999', 5, size],
      ['bytes=-1', size - 1, size],
      [`bytes=-${size}`, 0, size],
      ['bytes=-99999999999999999999', 0, size],
      ['BYTES=7-8', 7, 9],
    ])('%s sends exactly those bytes', async (range, from, to) => {
      const answer = await get({ Range: range })
      expect(answer.status).toBe(206)
      expect(answer.body.equals(bytes.subarray(from, to))).toBe(true)
      const { 'content-range': contentRange, ...headers } = shown(answer)
      expect(contentRange).toBe(`bytes ${from}-${to - 1}/${size}`)
      expect(headers).toEqual({ ...shown(await ask('head')), 'content-length': String(to - from) })
    })

    it('sends the same bytes as a slice, wherever it begins and ends', async () => {
      const position = fc.oneof(
        fc.nat(size + 10),
        fc.constantFrom(1_048_575, 1_048_576, 2_097_151, 2_097_152),
      )
      const within = fc.tuple(position, position).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
      await fc.assert(
        fc.asyncProperty(within, async ([first, last]) => {
          const answer = await get({ Range: `bytes=${first}-${last}` })
          if (first >= size) return expect(answer).toBeProblem(416, 'range-not-satisfiable')
          expect(answer.status).toBe(206)
          expect(answer.body.equals(bytes.subarray(first, last + 1))).toBe(true)
        }),
        { numRuns: 40 },
      )
    })

    it.each([`bytes=${size}-`, `bytes=${size}-${size + 5}`, 'bytes=99999999999999999999-', 'bytes=-0'])(
      'refuses %s with the size of the file',
      async (range) => {
        const answer = await get({ Range: range })
        expect(answer).toBeProblem(416, 'range-not-satisfiable')
        expect(answer.headers['content-range']).toBe(`bytes */${size}`)
        expect(answer.body).toMatchObject({ size })
        for (const name of ['etag', 'content-disposition', 'repr-digest', 'last-modified'])
          expect([name, answer.headers[name]]).toEqual([name, undefined])
        expect(answer.headers).toMatchObject({
          'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
          'cross-origin-resource-policy': 'same-origin',
          'referrer-policy': 'no-referrer',
        })
      },
    )

    it.each([
      'bytes=2-1',
      'bytes=-',
      'bytes=',
      'bytes',
      'bytes=a-b',
      'bytes=0-1x',
      'bytes=+0-1',
      'bytes=0--1',
      'bytes=0x0-0x1',
      'bytes=0-0,-1',
      'bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0',
      'lines=0-1',
      '0-1',
    ])('sends the whole file for %s', async (range) => {
      const answer = await get({ Range: range })
      expect([answer.status, answer.headers['content-range']]).toEqual([200, undefined])
      expect(answer.body.equals(bytes)).toBe(true)
    })

    it.each([
      ['this tag', () => `"${file.file_hash}"`, 206],
      ['the weak tag', () => `W/"${file.file_hash}"`, 200],
      ['another tag', () => '"x"', 200],
      ['exactly this date', () => new Date(file.stored_at).toUTCString(), 206],
      ['a later date', () => new Date(Date.parse(file.stored_at) + 5000).toUTCString(), 200],
      ['no date', () => 'yesterday', 200],
    ])('honours If-Range of %s', async (_case, condition, status) => {
      const answer = await get({ Range: 'bytes=3-4', 'If-Range': condition() })
      expect(answer.status).toBe(status)
      expect(answer.body.equals(status === 206 ? bytes.subarray(3, 5) : bytes)).toBe(true)
    })

    it('can be continued where it was cut', async () => {
      const half = await get({ Range: 'bytes=0-1234566' })
      const rest = await get({ Range: 'bytes=1234567-', 'If-Range': half.headers.etag ?? '' })
      expect(rest.status).toBe(206)
      expect(Buffer.concat([half.body, rest.body]).equals(bytes)).toBe(true)
    })
  })

  describe('downloadFile with conditions', () => {
    const date = (seconds: number) => new Date(Date.parse(file.stored_at) + seconds * 1000).toUTCString()
    const tag = () => `"${file.file_hash}"`
    const cases: readonly [string, () => Record<string, string>, number][] = [
      ['If-None-Match of this tag', () => ({ 'If-None-Match': tag() }), 304],
      ['If-None-Match of the weak tag among others', () => ({ 'If-None-Match': `"x", W/${tag()}` }), 304],
      ['If-None-Match of any', () => ({ 'If-None-Match': '*' }), 304],
      ['If-None-Match of another tag', () => ({ 'If-None-Match': '"x"' }), 200],
      ['If-Modified-Since then', () => ({ 'If-Modified-Since': date(0) }), 304],
      ['If-Modified-Since before', () => ({ 'If-Modified-Since': date(-1) }), 200],
      [
        'If-None-Match above If-Modified-Since',
        () => ({ 'If-None-Match': '"x"', 'If-Modified-Since': date(0) }),
        200,
      ],
      ['If-Match of this tag', () => ({ 'If-Match': `"x", ${tag()}` }), 200],
      ['If-Match of any', () => ({ 'If-Match': '*' }), 200],
      ['If-Match of another tag', () => ({ 'If-Match': '"x"' }), 412],
      ['If-Match of the weak tag', () => ({ 'If-Match': `W/${tag()}` }), 412],
      ['If-Unmodified-Since then', () => ({ 'If-Unmodified-Since': date(0) }), 200],
      ['If-Unmodified-Since before', () => ({ 'If-Unmodified-Since': date(-1) }), 412],
      [
        'If-Match above If-Unmodified-Since',
        () => ({ 'If-Match': tag(), 'If-Unmodified-Since': date(-1) }),
        200,
      ],
      ['If-Match before If-None-Match', () => ({ 'If-Match': '"x"', 'If-None-Match': tag() }), 412],
      ['both that hold', () => ({ 'If-Match': tag(), 'If-None-Match': tag() }), 304],
      ['a condition before a range', () => ({ 'If-None-Match': tag(), Range: `bytes=${size}-` }), 304],
      ['a failed condition before a range', () => ({ 'If-Match': '"x"', Range: `bytes=${size}-` }), 412],
      ['a condition that holds, and a range', () => ({ 'If-Match': tag(), Range: 'bytes=0-0' }), 206],
    ]
    it.each(cases)('%s', async (_case, headers, status) => {
      for (const method of ['get', 'head'] as const) {
        const answer = await ask(method, headers())
        expect([method, answer.status]).toEqual([method, method === 'head' && status === 206 ? 200 : status])
        if (status === 412 && method === 'get') expect(answer).toBeProblem(412, 'precondition-failed')
      }
    })

    it('says nothing in 304 that is not for a cache', async () => {
      for (const method of ['get', 'head'] as const) {
        const answer = await ask(method, { 'If-None-Match': tag() })
        expect(answer.body).toEqual(method === 'get' ? Buffer.alloc(0) : {})
        expect(shown(answer)).toEqual({
          etag: tag(),
          'last-modified': date(0),
          'content-type': 'application/octet-stream',
          'content-disposition': 'attachment; filename=numbers.bin',
          'cache-control': 'private, no-cache',
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
          'cross-origin-resource-policy': 'same-origin',
          'referrer-policy': 'no-referrer',
        })
      }
    })

    it('tells in 304 the name and the type that a file has by now', async () => {
      const { body } = await upload(service, freshText(), { name: 'old.txt' })
      const changed = await service.api
        .put(`${filesPath}/${body.id}`)
        .type('json')
        .send('{"file_name":"new.csv","file_type":"text/csv"}')
      expect(changed.status).toBe(201)
      const known = { 'If-None-Match': `"${body.file_hash}"` }
      const { status, headers } = await ask('get', known, body.id)
      expect(status).toBe(304)
      expect(headers['content-type']).toBe('text/csv; charset=utf-8')
      expect(headers['content-disposition']).toBe('attachment; filename=new.csv')
      await service.api.put(`${filesPath}/${body.id}`).type('json').send('{"file_type":"text/plain"}')
      const inline = await service.api.get(`${body.content_url}?disposition=inline`).set(known)
      expect(inline.headers['content-disposition']).toBe('inline; filename=new.csv')
    })

    it('knows nothing of a file that is gone', async () => {
      const { body } = await upload(service, freshText())
      await service.api.delete(`${filesPath}/${body.id}`)
      const answer = await ask('get', { 'If-None-Match': `"${body.file_hash}"` }, body.id)
      expect(answer).toBeProblem(404, 'file-not-found')
    })
  })

  describe('downloadFile shows a file', () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
    it.each([
      ['a picture', png, '', 'image/png', 'inline'],
      ['text', 'just text', '', 'text/plain; charset=utf-8', 'inline'],
      ['a page', '<!doctype html><script>alert(1)</script>', '', 'text/html; charset=utf-8', 'attachment'],
      [
        'a drawing',
        '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        '',
        'image/svg+xml',
        'attachment',
      ],
      ['XML', '<?xml version="1.0"?><a/>', '', 'application/xml', 'attachment'],
      ['a document', '%PDF-1.7\n', '', 'application/pdf', 'attachment'],
      ['styles', 'a{}', 'text/css', 'text/css; charset=utf-8', 'attachment'],
      ['noise', Buffer.from([0, 1, 2, 3, 255]), '', 'application/octet-stream', 'attachment'],
    ])('inline when that is asked for and safe: %s', async (_case, content, type, contentType, shownAs) => {
      const { body } = await upload(service, content, { type, fields: { bucket: 'shown' } })
      const asked = await service.api.get(`${body.content_url}?disposition=inline`)
      expect(asked.headers['content-type']).toBe(contentType)
      expect(asked.headers['content-disposition']).toBe(`${shownAs}; filename=file.txt`)
      expect(asked.headers['x-content-type-options']).toBe('nosniff')
      expect(asked.headers['content-security-policy']).toContain('sandbox')
      for (const query of ['', '?disposition=attachment']) {
        const answer = await service.api.get(`${body.content_url}${query}`)
        expect(answer.headers['content-disposition']).toBe('attachment; filename=file.txt')
      }
    })

    it('never as a page, also when its owner calls it a picture', async () => {
      const { body } = await upload(service, '<!doctype html><script>alert(2)</script>')
      await service.api.put(`${filesPath}/${body.id}`).type('json').send('{"file_type":"image/png"}')
      const { headers } = await service.api.get(`${body.content_url}?disposition=inline`)
      expect(headers['content-type']).toBe('image/png')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toContain('sandbox')
    })

    it.each(['日本語 – “x”.txt', 'a;b, c="d".txt', "it's 100%.txt", 'plain.txt'])(
      'under its name: %s',
      async (name) => {
        const { body } = await upload(service, freshText(), { fields: { file_name: name } })
        const { headers } = await download(service, body.id)
        const { type, filename } = parseDisposition(headers['content-disposition'] ?? '')
        expect([type, filename]).toEqual(['attachment', name.replaceAll('"', '_')])
      },
    )
  })
})
