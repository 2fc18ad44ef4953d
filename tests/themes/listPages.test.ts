import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type FileBody, filesPath, freshText, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { inOrder, walk } from '../support/pages.ts'

describeService('Walking a list by its links', (service) => {
  /** Few names and sizes, so that many files are equal in what they are sorted by. */
  const names = ['a', 'b', 'B', 'ä', '日本', '😀', '￿', 'a b&c=d%']
  const file = fc.record({ name: fc.constantFrom(...names), size: fc.nat(4) })
  const sort = fc.constantFrom(
    'created_at',
    '-created_at',
    'file_name',
    '-file_name',
    'file_size',
    '-file_size',
  )

  const put = async (bucket: string, { name, size }: { name: string; size: number }) => {
    const query = new URLSearchParams({ bucket, file_name: name, duplicates: 'allow' })
    return (await putRaw(service, 'x'.repeat(size), { query: `?${query}` })).body
  }
  const ids = (files: readonly FileBody[]) => files.map(({ id }) => id)
  let runs = 0
  const freshBucket = () => `walk-${runs++}`

  it('yields each file exactly once and in order, whatever the order and the size of a page', async () => {
    const bucket = freshBucket()
    const files = await Promise.all(
      Array.from({ length: 61 }, (_, n) => put(bucket, { name: names[n % 8] ?? '', size: n % 5 })),
    )
    await fc.assert(
      fc.asyncProperty(sort, fc.integer({ min: 1, max: 70 }), async (order, limit) => {
        const pages = await Array.fromAsync(walk(service, `?bucket=${bucket}&sort=${order}&limit=${limit}`))
        expect(ids(pages.flat())).toEqual(ids([...files].sort(inOrder(order))))
        expect(pages.map((page) => page.length).slice(0, -1)).toEqual(Array(pages.length - 1).fill(limit))
        expect(pages).toHaveLength(Math.ceil(files.length / limit))
      }),
      { numRuns: 25 },
    )
  })

  it('does so also for what a filter lets through', async () => {
    const bucket = freshBucket()
    const made = Array.from({ length: 40 }, (_, n) => put(bucket, { name: names[n % 8] ?? '', size: n % 5 }))
    const files = await Promise.all(made)
    const filter = fc.record({
      name: fc.constantFrom('a', 'B', '日', '%'),
      min_size: fc.constantFrom('0', '2', '4'),
    })
    await fc.assert(
      fc.asyncProperty(sort, fc.integer({ min: 1, max: 9 }), filter, async (order, limit, parameters) => {
        const query = new URLSearchParams({ bucket, sort: order, limit: String(limit), ...parameters })
        const pages = await Array.fromAsync(walk(service, `?${query}`))
        const wanted = files.filter(
          ({ file_name, file_size }) =>
            file_name.toLowerCase().includes(parameters.name.toLowerCase()) &&
            file_size >= Number(parameters.min_size),
        )
        expect(ids(pages.flat())).toEqual(ids(wanted.sort(inOrder(order))))
      }),
      { numRuns: 25 },
    )
  })

  describe('for a name that no index finds', () => {
    const bucket = 'large'
    const shelf: FileBody[] = []
    beforeAll(async () => {
      // The last one in every order: the oldest, the largest, and behind the others by its name.
      shelf.push((await upload(service, freshText('x'), { name: 'zq!!日本語.txt', fields: { bucket } })).body)
      const { body } = await upload(service, 'y', { name: 'report.txt', fields: { bucket } })
      await sql`
        insert into files (id, bucket, name, media_type, size, blob_id)
        select gen_random_uuid(), bucket, 'report-' || md5(n::text), media_type, size, blob_id
        from files, generate_series(1, 10050) n where id = ${body.id}
      `.execute(service.deps.db)
    })

    it.each([
      ['two letters', 'zQ', 2],
      ['one letter', 'z', 2],
      ['punctuation alone', '!!', 2],
      ['two letters beyond ASCII', '日本', 2],
      // Not every database takes them for letters.
      ['more letters beyond ASCII', '日本語', expect.any(Number)],
      ['three letters, which an index finds', 'zq!', 1],
    ])('looks among 10,000 files a page: %s', async (_what, name, most) => {
      for (const order of ['-created_at', 'file_name', 'file_size']) {
        const query = new URLSearchParams({ bucket, sort: order, name })
        const pages = await Array.fromAsync(walk(service, `?${query}`))
        expect([order, pages.length, pages.flat()]).toEqual([order, most, shelf])
      }
    })

    it('looks among 10,000 files a page of deleted ones, whatever the name', async () => {
      const { id } = (await upload(service, freshText(), { name: 'zq!', fields: { bucket: 'bin' } })).body
      expect((await send(service, `${filesPath}/${id}`, { method: 'DELETE' })).status).toBe(201)
      await sql`
        insert into files (id, bucket, name, media_type, size, blob_id, deleted_at)
        select gen_random_uuid(), bucket, 'report-' || md5(n::text), media_type, size, blob_id, now()
        from files, generate_series(1, 10050) n where id = ${id}
      `.execute(service.deps.db)
      const pages = await Array.fromAsync(walk(service, '?bucket=bin&deleted=true&name=zq!'))
      expect(pages.map((files) => files.map((file) => file.id))).toEqual([[], [id]])
    })

    it('has full pages of a name that many have', async () => {
      const pages = walk(service, `?bucket=${bucket}&name=r&limit=1000`)
      const sizes = (await Array.fromAsync(pages)).map(({ length }) => length)
      expect(sizes).toEqual([...Array(10).fill(1000), 51])
    })
  })

  it('yields each file once also when their metadata make the pages shorter', async () => {
    const bucket = freshBucket()
    const texts = Array.from({ length: 90 }, (_, n) => 'm'.repeat(n % 5 === 0 ? 20 : 65_000))
    const files: FileBody[] = []
    for (const text of texts) {
      const fields = { bucket, metadata: JSON.stringify({ text }) }
      files.push((await upload(service, freshText(), { fields })).body)
    }
    for (const [order, limit] of [
      ['created_at', 1000],
      ['-file_size', 80],
      ['file_name', 2],
      ['-created_at', 1],
    ] as const) {
      const pages = await Array.fromAsync(walk(service, `?bucket=${bucket}&sort=${order}&limit=${limit}`))
      expect(pages.flat()).toEqual([...files].sort(inOrder(order)))
      if (limit < 10) expect(pages).toHaveLength(Math.ceil(files.length / limit))
      else expect(pages).toHaveLength(2)
      for (const page of pages) {
        expect(page.length).toBeGreaterThan(0)
        expect(JSON.stringify(page).length).toBeLessThan(4.5 * 2 ** 20)
      }
    }
  })

  it('yields what was there all the time exactly once, while files come and go', async () => {
    const change = fc.record({
      come: fc.array(file, { maxLength: 3 }),
      go: fc.array(fc.nat(30), { maxLength: 2 }),
    })
    const initial = fc.array(file, { minLength: 1, maxLength: 14 })
    const changes = fc.array(change, { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        sort,
        fc.integer({ min: 1, max: 5 }),
        initial,
        changes,
        async (order, limit, shelf, script) => {
          const bucket = freshBucket()
          const steps = [...script]
          const there = await Promise.all(shelf.map((one) => put(bucket, one)))
          const known = new Map(there.map((one) => [one.id, one]))
          const gone = new Set<string>()
          const seen: FileBody[] = []
          for await (const page of walk(service, `?bucket=${bucket}&sort=${order}&limit=${limit}`)) {
            seen.push(...page)
            const { come = [], go = [] } = steps.shift() ?? {}
            for (const one of await Promise.all(come.map((entry) => put(bucket, entry))))
              known.set(one.id, one)
            for (const index of go) {
              const id = [...known.keys()][index % known.size] ?? ''
              await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
              gone.add(id)
            }
          }
          expect(ids(seen)).toEqual([...new Set(ids(seen))])
          expect(ids(seen)).toEqual(ids([...seen].sort(inOrder(order))))
          expect(seen).toEqual(seen.map(({ id }) => known.get(id)))
          const stayed = there.filter(({ id }) => !gone.has(id)).sort(inOrder(order))
          const seenOfThem = seen.filter(({ id }) => stayed.some((one) => one.id === id))
          expect(ids(seenOfThem)).toEqual(ids(stayed))
        },
      ),
      { numRuns: 20 },
    )
  })
})
