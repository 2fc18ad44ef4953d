import { beforeAll, describe, expect, it } from '@jest/globals'
import { putRaw, upload } from '../../support/api/files.ts'
import { type FileBody, filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { inOrder, nextPage } from '../../support/pages.ts'

describeService('listFiles', (service) => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
  const put = async (bucket: string, name: string, bytes: string | Buffer, type = ''): Promise<FileBody> => {
    const parameters = new URLSearchParams({ bucket, file_name: name, duplicates: 'allow' })
    const sending = putRaw(service, bytes, `?${parameters}`)
    return (await (type === '' ? sending : sending.type(type))).body
  }
  const list = (parameters = '') => service.api.get(`${filesPath}${parameters}`)
  const names = (files: readonly FileBody[]) => files.map((file) => file.file_name)
  const query = (parameters: Readonly<Record<string, string>>) => `?${new URLSearchParams(parameters)}`

  describe('listFiles', () => {
    it('answers with an array of metadata objects, the newest first', async () => {
      expect((await list('?bucket=fresh')).body).toEqual([])
      const files: FileBody[] = []
      for (const name of ['one', 'two', 'three']) files.unshift(await put('fresh', name, name))
      const answer = await list('?bucket=fresh')
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual([...files].sort(inOrder('-created_at')))
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(answer.headers['cache-control']).toBe('private, no-cache')
      expect([answer.headers.link, answer.headers['x-total-count']]).toEqual([undefined, undefined])
    })

    it('lists the bucket `default` unless another is named', async () => {
      const here = (await upload(service, freshText(), { name: 'here' })).body
      const there = (await upload(service, freshText(), { name: 'there', fields: { bucket: 'there' } })).body
      const listed = (await list()).body
      expect(listed).toContainEqual(here)
      expect(listed).not.toContainEqual(there)
      expect((await list('?bucket=default')).body).toEqual(listed)
      expect((await list('?bucket=there')).body).toEqual([there])
    })

    it('shows 100 files unless asked for another number, and at most 1,000', async () => {
      const files = await Promise.all(Array.from({ length: 103 }, (_, n) => put('many', `${n}`, `many ${n}`)))
      const first = await list('?bucket=many')
      expect(first.body).toHaveLength(100)
      const rest = await service.api.get(nextPage(first) ?? '')
      expect(rest.body).toHaveLength(3)
      expect(rest.headers.link).toBeUndefined()
      expect([...first.body, ...rest.body]).toEqual(files.sort(inOrder('-created_at')))
      expect((await list('?bucket=many&limit=1000')).body).toHaveLength(103)
    })

    it.each(['created_at', '-created_at', 'file_name', '-file_name', 'file_size', '-file_size'])(
      'sorts by %s, equals by their ids',
      async (sort) => {
        const bucket = `sort-${sort.replace('_', '')}`
        const shelf = ['b', 'a', 'B', 'a', 'ä', 'Z', '😀', '￿', 'a', 'aa', '_', 'é', 'e']
        const files = await Promise.all(shelf.map((name, n) => put(bucket, name, 'x'.repeat(1 + (n % 4)))))
        const listed = await list(query({ bucket, sort }))
        expect(listed.body).toEqual(files.sort(inOrder(sort)))
      },
    )

    it('leads through all pages with a Link that keeps the question', async () => {
      for (const n of [1, 2, 3, 4]) await put('linked', `${n} & more.txt`, `linked ${n}`)
      const question = { bucket: 'linked', name: '& more', sort: 'file_name', limit: '2', type: 'text/*' }
      const first = await list(query(question))
      const link = new URL(nextPage(first) ?? '', service.url)
      expect(first.headers.link).toMatch(/^<\/service\/fileupload\?[^ <>]+>; rel="next"$/)
      const { cursor, ...rest } = Object.fromEntries(link.searchParams)
      expect(rest).toEqual(question)
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
      const second = await service.api.get(`${link.pathname}${link.search}`)
      expect(names([...first.body, ...second.body])).toEqual([1, 2, 3, 4].map((n) => `${n} & more.txt`))
      expect(second.headers.link).toBeUndefined()
    })

    it('counts when asked to: what the filter lets through, not what the page holds', async () => {
      for (let n = 0; n < 5; n++) await put('counted', n < 3 ? `yes ${n}` : `no ${n}`, `counted ${n}`)
      const all = await list('?bucket=counted&count=exact&limit=1')
      expect([all.body.length, all.headers['x-total-count']]).toEqual([1, '5'])
      const next = await service.api.get(nextPage(all) ?? '')
      expect(next.headers['x-total-count']).toBe('5')
      const some = await list('?bucket=counted&count=exact&name=yes')
      expect(some.headers['x-total-count']).toBe('3')
      const estimated = await list('?bucket=counted&count=estimated')
      expect(estimated.headers['x-total-count']).toMatch(/^\d+$/)
      expect(estimated.body).toHaveLength(5)
    })

    it('answers HEAD with the headers of GET', async () => {
      const path = `${filesPath}?bucket=counted&limit=1&count=exact`
      const [got, head] = [await service.api.get(path), await service.api.head(path)]
      expect([head.status, head.body]).toEqual([200, {}])
      for (const name of ['link', 'x-total-count', 'content-type', 'content-length'])
        expect([name, head.headers[name]]).toEqual([name, got.headers[name]])
    })

    it('forgets nothing of a page when files of it were deleted since', async () => {
      for (const name of ['1', '2', '3', '4']) await put('shrinking', name, `shrinking ${name}`)
      const first = await list('?bucket=shrinking&sort=file_name&limit=2')
      for (const { id } of first.body) await service.api.delete(`${filesPath}/${id}`)
      const second = await service.api.get(nextPage(first) ?? '')
      expect(names(second.body)).toEqual(['3', '4'])
    })
  })

  describe('listFiles filters', () => {
    const bucket = 'filters'
    const files = new Map<string, FileBody>()
    beforeAll(async () => {
      const shelf: readonly [string, string | Buffer, string][] = [
        ['Annual Report 2026.txt', 'a', 'text/plain'],
        ['annual-report.csv', 'a;b\n1;2\n', 'text/csv'],
        ['Übergröße ÉTÉ.txt', 'ab', 'text/plain'],
        ['100%_sure.txt', 'abc', 'text/plain'],
        ["Robert'); DROP TABLE files;--.txt", 'abcd', 'text/plain'],
        ['日本語のファイル.txt', 'abcde', 'text/plain'],
        ['pixel.png', png, ''],
        ['empty', '', ''],
        ['noise.bin', Buffer.from([0, 1, 2, 3, 4, 5, 255, 254]), ''],
      ]
      for (const [name, bytes, type] of shelf) files.set(name, await put(bucket, name, bytes, type))
    })
    const found = async (parameters: Readonly<Record<string, string>>) => {
      const answer = await list(query({ bucket, sort: 'file_name', count: 'exact', ...parameters }))
      expect(answer.headers['x-total-count']).toBe(String(answer.body.length))
      return names(answer.body)
    }

    const reports = ['Annual Report 2026.txt', 'annual-report.csv']
    it.each([
      ['report', reports],
      ['REPORT', reports],
      ['nual', reports],
      ['nnual r', reports.slice(0, 1)],
      ['l', [...reports, 'pixel.png', "Robert'); DROP TABLE files;--.txt"]],
      [
        'xt',
        [
          '100%_sure.txt',
          ...reports.slice(0, 1),
          "Robert'); DROP TABLE files;--.txt",
          'Übergröße ÉTÉ.txt',
          '日本語のファイル.txt',
        ],
      ],
      ['über', ['Übergröße ÉTÉ.txt']],
      ['été', ['Übergröße ÉTÉ.txt']],
      ['e\u0301te\u0301', ['Übergröße ÉTÉ.txt']],
      ['ö', ['Übergröße ÉTÉ.txt']],
      ['語の', ['日本語のファイル.txt']],
      ['%', ['100%_sure.txt']],
      ['_', ['100%_sure.txt']],
      ['\\', []],
      ['%_s', ['100%_sure.txt']],
      ["'); DROP", ["Robert'); DROP TABLE files;--.txt"]],
      ['a%t', []],
      [
        '.',
        [
          '100%_sure.txt',
          ...reports,
          "Robert'); DROP TABLE files;--.txt",
          'noise.bin',
          'pixel.png',
          'Übergröße ÉTÉ.txt',
          '日本語のファイル.txt',
        ],
      ],
      ['zz', []],
      ['z', []],
      ['\ud800', []],
    ])('by name: %j', async (name, expected) => {
      expect(await found({ name })).toEqual([...expected].sort(byCodePoint))
    })

    it.each([
      ['text/csv', ['annual-report.csv']],
      ['TEXT/CSV', ['annual-report.csv']],
      ['image/*', ['pixel.png']],
      ['image/png', ['pixel.png']],
      ['Image/*', ['pixel.png']],
      ['application/octet-stream', ['empty', 'noise.bin']],
      ['application/*', ['empty', 'noise.bin']],
      ['imag/*', []],
      ['image/_ng', []],
      ['video/*', []],
    ])('by type: %s', async (type, expected) => {
      expect(await found({ type })).toEqual(expected)
    })

    it.each([
      [{ max_size: '0' }, ['empty']],
      [{ max_size: '1' }, ['Annual Report 2026.txt', 'empty']],
      [{ min_size: '2', max_size: '3' }, ['100%_sure.txt', 'Übergröße ÉTÉ.txt']],
      [{ min_size: '9' }, ['pixel.png']],
      [{ min_size: '3', max_size: '2' }, []],
      [{ min_size: '9007199254740991' }, []],
      [
        { min_size: '2', type: 'text/*', name: 'r' },
        ["Robert'); DROP TABLE files;--.txt", '100%_sure.txt', 'Übergröße ÉTÉ.txt', 'annual-report.csv'],
      ],
    ])('by size: %j', async (parameters, expected) => {
      expect(await found({ ...parameters })).toEqual([...expected].sort(byCodePoint))
    })

    it('by time, without the very moment', async () => {
      const times = [...files.values()].map((file) => file.created_at)
      const [at = ''] = times.slice(4)
      const count = (holds: (time: string) => boolean) => times.filter(holds).length
      expect(await found({ created_after: at })).toHaveLength(count((time) => time > at))
      expect(await found({ created_before: at })).toHaveLength(count((time) => time < at))
      expect(await found({ created_after: at, created_before: at })).toEqual([])
      const [before, after] = [new Date(Date.parse(at) - 1), new Date(Date.parse(at) + 1)]
      const around = { created_after: before.toISOString(), created_before: after.toISOString() }
      expect(await found(around)).toHaveLength(count((time) => time === at))
      const elsewhere = before.toISOString().replace('Z', '+00:00')
      expect(await found({ ...around, created_after: elsewhere })).toHaveLength(count((time) => time === at))
      expect(await found({ created_before: '1970-01-01T00:00:00Z' })).toEqual([])
    })

    it('by status', async () => {
      const gone = await put('statuses', 'gone.txt', 'gone')
      const kept = await put('statuses', 'kept.txt', 'kept')
      await service.api.delete(`${filesPath}/${gone.id}`)
      const statuses = async (parameters: Readonly<Record<string, string>>) =>
        names((await list(query({ bucket: 'statuses', ...parameters }))).body)
      for (const parameters of [{}, { status: 'stored' }, { deleted: 'false' }])
        expect(await statuses({ ...parameters })).toEqual([kept.file_name])
      for (const parameters of [
        { status: 'deleted' },
        { deleted: 'true' },
        { deleted: 'true', status: 'deleted' },
      ])
        for (const sort of ['created_at', 'file_name', '-file_size'])
          expect(await statuses({ ...parameters, sort })).toEqual([gone.file_name])
    })

    const byCodePoint = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))
  })

  describe('listFiles refuses', () => {
    it.each([
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=-1', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=ten', 'limit'],
      ['limit=', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['cursor=', 'cursor'],
      ['cursor=junk', 'cursor'],
      ['cursor=%00', 'cursor'],
      ['sort=name', 'sort'],
      ['sort=file_name,file_size', 'sort'],
      ['sort=%2Bfile_name', 'sort'],
      ['name=', 'name'],
      [`name=${'n'.repeat(256)}`, 'name'],
      ['name=a%00b', 'name'],
      ['name=a&name=b', 'name'],
      ['type=image', 'type'],
      ['type=*/*', 'type'],
      ['type=image/png;q=1', 'type'],
      ['min_size=-1', 'min_size'],
      ['min_size=1x', 'min_size'],
      ['min_size=9007199254740993', 'min_size'],
      ['max_size=big', 'max_size'],
      ['created_after=yesterday', 'created_after'],
      ['created_after=2026-11-20', 'created_after'],
      ['created_after=2026-02-30T00:00:00Z', 'created_after'],
      ['created_before=2026-11-20T25:00:00Z', 'created_before'],
      ['created_before=1700000000', 'created_before'],
      ['status=pending', 'status'],
      ['deleted=1', 'deleted'],
      ['deleted=true&status=stored', 'status'],
      ['count=all', 'count'],
      ['bucket=Photos', 'bucket'],
      ['bucket=', 'bucket'],
      ['offset=10', 'offset'],
      ['__proto__=1', '__proto__'],
    ])('%s', async (text, parameter) => {
      const answer = await list(`?${text}`)
      expect(answer).toBeProblem(400)
      expect(answer.body).toMatchObject({ errors: [{ parameter }] })
    })

    it('a cursor of another order', async () => {
      for (const name of ['1', '2']) await put('cursors', name, `cursors ${name}`)
      const page = await list('?bucket=cursors&sort=file_name&limit=1')
      const link = nextPage(page) ?? ''
      expect((await service.api.get(link)).status).toBe(200)
      for (const sort of ['-file_name', 'file_size', 'created_at'])
        expect(await service.api.get(link.replace('sort=file_name', `sort=${sort}`))).toBeProblem(
          400,
          'cursor-invalid',
        )
    })

    it('other methods and other types of answers', async () => {
      const refused = await service.api.delete(filesPath)
      expect(refused).toBeProblem(405, 'method-not-allowed')
      expect(refused.headers.allow?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
      expect(await service.api.get(filesPath).set({ Accept: 'text/csv' })).toBeProblem(406)
    })
  })
})
