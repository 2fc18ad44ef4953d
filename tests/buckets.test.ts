import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, freshText, putRaw, send, upload } from './support/client.ts'
import { describeService } from './support/describeService.ts'
import { type Bucket, makeBucket, putNamed, sendJson } from './support/named.ts'

describeService('buckets', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const get = (name: string) => send<Bucket>(service, `/buckets/${name}`)
  const patch = (name: string, rules: object) => sendJson<Bucket>(service, 'PATCH', `/buckets/${name}`, rules)
  const remove = (name: string) => send(service, `/buckets/${name}`, { method: 'DELETE' })
  const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')

  describe('a bucket', () => {
    it('is made with the rules it is given, and the usual ones for the rest', async () => {
      const name = fresh()
      const made = await makeBucket(service, name, { allowed_types: ['Image/PNG'], expires_in: 60 })
      expect([made.status, made.headers.get('location')]).toEqual([201, `/buckets/${name}`])
      expect(made.body).toMatchObject({
        name,
        visibility: 'private',
        links: 'direct',
        max_file_size: null,
        allowed_types: ['image/png'],
        expires_in: 60,
      })
      expect((await get(name)).body).toEqual(made.body)
    })

    it('changes the rules that are named, and only those', async () => {
      const { name } = (await makeBucket(service, fresh(), { max_file_size: 5, expires_in: 60 })).body
      const changed = await patch(name, { expires_in: null, visibility: 'public' })
      expect(changed.status).toBe(200)
      expect(changed.body).toMatchObject({ expires_in: null, visibility: 'public', max_file_size: 5 })
    })

    it('is made by the first file that is put into it', async () => {
      const [one, two] = [fresh(), fresh()]
      expect(await get(one)).toBeProblem(404, 'bucket-not-found')
      await putNamed(service, 'a.txt', 'a', { bucket: one })
      await upload(service, 'a', { fields: { bucket: two } })
      expect([(await get(one)).status, (await get(two)).status]).toEqual([200, 200])
    })

    it('is not made by a file that is refused', async () => {
      const name = fresh()
      await putRaw(service, 'a', {
        query: `?bucket=${name}`,
        headers: { 'content-digest': 'sha-256=:AAAA:' },
      })
      expect((await get(name)).status).toBe(404)
    })

    it('is made once, however many files come first', async () => {
      const name = fresh()
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          putRaw(service, freshText(), { query: `?bucket=${name}&file_name=${index}` }),
        ),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
      expect((await send<FileBody[]>(service, `${filesPath}?bucket=${name}`)).body).toHaveLength(20)
    })

    it('is deleted when it is empty, and remembers its deleted files as long as any', async () => {
      const name = fresh()
      const { id } = (await upload(service, 'soon gone', { fields: { bucket: name } })).body
      expect(await remove(name)).toBeProblem(409, 'bucket-not-empty')
      await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
      expect((await remove(name)).status).toBe(204)
      expect(await remove(name)).toBeProblem(404, 'bucket-not-found')
      expect((await send(service, `${filesPath}?bucket=${name}&deleted=true`)).body).toHaveLength(1)
      await service.maintain()
      await service.maintain()
      expect((await send(service, `${filesPath}?bucket=${name}&deleted=true`)).body).toEqual([])
      expect(await service.violations()).toEqual([])
    })

    it('is not deleted under a file that is just coming: one of the two wins', async () => {
      for (let round = 0; round < 15; round++) {
        const name = fresh()
        await makeBucket(service, name)
        const [stored, deleted] = await Promise.all([
          putRaw(service, freshText(), { query: `?bucket=${name}` }),
          remove(name),
        ])
        expect(stored.status).toBe(201)
        expect([204, 409]).toContain(deleted.status)
        expect([(await get(name)).status, (await download(service, stored.body.id)).status]).toEqual([
          200, 200,
        ])
      }
    })
  })

  describe('the list of buckets', () => {
    it('leads through all of them in the order of their names', async () => {
      const names = Array.from({ length: 5 }, (_, index) => `list-${index}`)
      for (const name of names.toReversed()) await makeBucket(service, name)
      const seen: string[] = []
      let path: string | undefined = '/buckets?limit=2&after=list-'
      while (path) {
        const page: Awaited<ReturnType<typeof send<Bucket[]>>> = await send<Bucket[]>(service, path)
        expect(page.body.length).toBeLessThanOrEqual(2)
        seen.push(...page.body.map(({ name }) => name))
        path = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
      }
      expect(seen).toEqual(names)
    })
  })

  describe('the rules of a bucket', () => {
    it('bound the size of its files, wherever the bucket is named and however the file comes', async () => {
      const { name } = (await makeBucket(service, fresh(), { max_file_size: 10 })).body
      const [fits, more] = ['x'.repeat(10), 'x'.repeat(11)]
      const ways: Record<string, (bytes: string) => Promise<{ status: number }>> = {
        form: (bytes) => upload(service, bytes, { fields: { bucket: name }, query: '?duplicates=allow' }),
        raw: (bytes) => putRaw(service, bytes, { query: `?bucket=${name}&duplicates=allow` }),
        named: (bytes) => putNamed(service, 'a.txt', bytes, { bucket: name }),
        field: (bytes) => putNamed(service, 'a.txt', bytes, { fields: { bucket: name } }),
      }
      for (const [way, store] of Object.entries(ways)) {
        expect([way, (await store(fits)).status]).toEqual([way, 201])
        expect([way, await store(more)]).toEqual([way, expect.objectContaining({ status: 413 })])
      }
      expect(await service.violations()).toEqual([])
    })

    it('refuse a file that says it is too large before it is sent', async () => {
      const { name } = (await makeBucket(service, fresh(), { max_file_size: 10 })).body
      const answer = await putRaw(service, 'x'.repeat(20), { query: `?bucket=${name}` })
      expect(answer).toBeProblem(413, 'file-too-large')
      expect(answer.body).toMatchObject({ max_size: 10 })
    })

    it('let only its types in, by what the bytes are', async () => {
      const { name } = (await makeBucket(service, fresh(), { allowed_types: ['image/*'] })).body
      expect((await putNamed(service, 'a.gif', gif, { bucket: name })).status).toBe(201)
      expect(await putNamed(service, 'a.gif', 'text', { bucket: name })).toBeProblem(415, 'type-not-allowed')
      const { id } = (
        await send<{ data: { location: string } }>(service, `/file/${name}/a.gif`)
      ).body.data.location.match(/\/links\/(?<id>[^/]+)/)?.groups ?? { id: '' }
      if (id)
        expect(await sendJson(service, 'PUT', `${filesPath}/${id}`, { file_type: 'text/html' })).toBeProblem(
          415,
          'type-not-allowed',
        )
    })

    it('give files a life whose sender says nothing about it', async () => {
      const { name } = (await makeBucket(service, fresh(), { expires_in: 3600 })).body
      const usual = (await upload(service, 'usual', { fields: { bucket: name } })).body
      const own = (await upload(service, 'own', { fields: { bucket: name, expires_in: '60' } })).body
      const life = ({ created_at, expires_at }: FileBody) =>
        (Date.parse(String(expires_at)) - Date.parse(created_at)) / 1000
      expect([life(usual), life(own)]).toEqual([3600, 60])
    })

    it.each([
      ['a name with capitals', 'POST', '/buckets', { name: 'Photos' }, 400],
      ['a name that is a path', 'POST', '/buckets', { name: '../x' }, 400],
      ['no name', 'POST', '/buckets', { visibility: 'public' }, 400],
      ['a name that is taken', 'POST', '/buckets', { name: 'default' }, 409],
      ['a rule that is none', 'POST', '/buckets', { name: 'other', owner: 'me' }, 400],
      ['an unknown visibility', 'PATCH', '/buckets/default', { visibility: 'secret' }, 400],
      ['a size of nothing', 'PATCH', '/buckets/default', { max_file_size: 0 }, 400],
      ['a size that is a text', 'PATCH', '/buckets/default', { max_file_size: '10' }, 400],
      ['a type that is none', 'PATCH', '/buckets/default', { allowed_types: ['image'] }, 400],
      ['nothing to change', 'PATCH', '/buckets/default', {}, 400],
      ['another name', 'PATCH', '/buckets/default', { name: 'other' }, 400],
      ['a bucket that is not there', 'PATCH', '/buckets/nowhere', { expires_in: 5 }, 404],
    ])('are refused with %s', async (_case, method, path, body, status) => {
      expect(await sendJson(service, method, path, body)).toBeProblem(status)
    })
  })
})
