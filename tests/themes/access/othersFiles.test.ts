import { createHash, randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import type { Api } from '../../support/api/agent.ts'
import { announce, completeMultipart, sendAll, sendDirect, setStatus } from '../../support/api/direct.ts'
import { upload } from '../../support/api/files.ts'
import { putNamed } from '../../support/api/named.ts'
import { asAdmin, asUser, userSettings } from '../../support/api/users.ts'
import { type FileBody, filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif } from '../../support/direct.ts'

const hashes = (bytes: string) =>
  ['sha256', 'sha1', 'md5'].map((algorithm) => createHash(algorithm).update(bytes).digest('hex'))

/** An answer without what every answer has of its own. */
const shapeOf = ({
  status,
  body,
  headers,
}: {
  status: number
  body: unknown
  headers: Record<string, string>
}) => {
  const { request_id: _, ...rest } = body as Record<string, unknown>
  return { status, body: rest, names: Object.keys(headers).toSorted() }
}

describeService('What another user has', userSettings, (service) => {
  let admin: Api
  let anna: Api
  let bob: Api
  beforeAll(() => {
    admin = asAdmin(service)
    anna = asUser(service, 'anna')
    bob = asUser(service, 'bob')
  })

  async function makeBucket(users: 'own' | 'shared'): Promise<string> {
    const name = `b-${randomUUID()}`
    await admin.post('/buckets').send({ name, users }).expect(201)
    return name
  }

  const put = async (api: Api, bucket: string, bytes: string, more: Readonly<Record<string, string>> = {}) =>
    (await upload({ api }, bytes, { fields: { bucket, ...more } }).expect(201)).body as FileBody

  it('looks as if it were absent, by every id and hash and name', async () => {
    const [bucket, bytes] = [await makeBucket('own'), randomUUID()]
    const file = await put(bob, bucket, bytes)
    const absent = [randomUUID(), ...hashes('absent')]
    for (const [index, reference] of [file.id, ...hashes(bytes)].entries())
      for (const path of ['', '/content', '/link']) {
        const [found, missing] = await Promise.all(
          [reference, absent[index]].map((each) => anna.get(`${filesPath}/${each}${path}?bucket=${bucket}`)),
        )
        expect(found?.status).toBe(404)
        expect(found && shapeOf(found)).toEqual(missing && shapeOf(missing))
      }
    for (const method of ['get', 'delete'] as const) {
      const [found, missing] = await Promise.all(
        ['file.txt', 'none.txt'].map((name) => anna[method](`/file/${bucket}/${name}`)),
      )
      expect(found?.status).toBe(404)
      expect(found && shapeOf(found)).toEqual(missing && shapeOf(missing))
    }
  })

  it('is in no list, page or count', async () => {
    const bucket = await makeBucket('own')
    const own: string[] = []
    for (let index = 0; index < 5; index++) {
      await put(bob, bucket, `bob ${index}`)
      own.push((await put(anna, bucket, `anna ${index}`)).id)
    }
    await put(admin, bucket, 'of nobody')
    const list = async (query: string) => {
      const answer = await anna.get(`${filesPath}?bucket=${bucket}${query}`).expect(200)
      return { ids: answer.body.map(({ id }: FileBody) => id), headers: answer.headers }
    }
    for (const query of [
      '',
      '&owner=anna',
      '&owner=bob',
      '&name=file',
      '&type=text/*',
      '&sort=file_name',
      '&name=t',
    ]) {
      const { ids, headers } = await list(`&count=exact${query}`)
      expect([query, ids.toSorted()]).toEqual([query, own.toSorted()])
      expect(headers['x-total-count']).toBe('5')
    }
    const seen: string[] = []
    const readFrom = async (path: string): Promise<void> => {
      const { body, headers } = await anna.get(path).expect(200)
      seen.push(...body.map(({ id }: FileBody) => id))
      const next = /<([^>]+)>/.exec(headers.link ?? '')?.[1]
      if (next !== undefined) await readFrom(next)
    }
    await readFrom(`${filesPath}?bucket=${bucket}&limit=2`)
    expect(seen).toEqual(own.toReversed())
    await bob.delete(`${filesPath}/${(await put(bob, bucket, 'deleted')).id}`).expect(201)
    expect((await list('&deleted=true')).ids).toEqual([])
    expect(
      (await admin.get(`${filesPath}?bucket=${bucket}&owner=bob&count=exact`)).headers['x-total-count'],
    ).toBe('5')
  })

  it('is in no sum of a bucket, unless users share it', async () => {
    for (const [users, usage] of [
      ['own', null],
      ['shared', { bytes: 3, files: 1, deleted_bytes: 0 }],
    ] as const) {
      const bucket = `b-${randomUUID()}`
      await admin.post('/buckets').send({ name: bucket, users, max_bytes: 1000 }).expect(201)
      await put(bob, bucket, 'bob')
      expect((await admin.get(`/buckets/${bucket}`).expect(200)).body.usage.files).toBe(1)
      expect((await anna.get(`/buckets/${bucket}`).expect(200)).body.usage).toEqual(usage)
      const { body } = await anna.get('/buckets?limit=1000').expect(200)
      expect(body.find(({ name }: { name: string }) => name === bucket).usage).toEqual(usage)
    }
  })

  it('is in the lists of a bucket that users share, and `owner` chooses among it', async () => {
    const bucket = await makeBucket('shared')
    const [own, other] = [await put(anna, bucket, 'anna'), await put(bob, bucket, 'bob')]
    const list = async (query = '') =>
      (await anna.get(`${filesPath}?bucket=${bucket}${query}`).expect(200)).body.map(({ id }: FileBody) => id)
    expect(await list()).toEqual([other.id, own.id])
    expect(await list('&owner=bob')).toEqual([other.id])
    expect(await list('&owner=nobody')).toEqual([])
  })

  it('makes no duplicate: the same bytes become a second file', async () => {
    const [bucket, bytes] = [await makeBucket('own'), randomUUID()]
    const first = await put(bob, bucket, bytes)
    const second = await put(anna, bucket, bytes)
    expect(second.id).not.toBe(first.id)
    const [hash] = hashes(bytes)
    expect((await anna.get(`${filesPath}/${hash}?bucket=${bucket}`).expect(200)).body.id).toBe(second.id)
    expect((await bob.get(`${filesPath}/${hash}?bucket=${bucket}`).expect(200)).body.id).toBe(first.id)
    // Each of them has a duplicate of their own, and only of that.
    const again = await upload({ api: anna }, bytes, { fields: { bucket } })
    expect(again).toBeProblem(403, 'file-exists')
    expect(again.body.file.id).toBe(second.id)
    await anna.delete(`${filesPath}/${hash}?bucket=${bucket}`).expect(201)
    await bob.get(`${filesPath}/${hash}/content?bucket=${bucket}`).expect(200)
    const onlyNew = (api: Api) =>
      api.put(`${filesPath}?bucket=${bucket}`).set('If-None-Match', '*').send(Buffer.from(bytes))
    await onlyNew(anna).expect(201)
    expect(await onlyNew(anna)).toBeProblem(412, 'precondition-failed')
  })

  it('is a duplicate in a bucket that users share, because everyone may read it', async () => {
    const [bucket, bytes] = [await makeBucket('shared'), randomUUID()]
    const first = await put(bob, bucket, bytes)
    const refused = await upload({ api: anna }, bytes, { fields: { bucket } })
    expect(refused).toBeProblem(403, 'file-exists')
    expect(refused.body.file.id).toBe(first.id)
  })

  it('keeps its name: nobody else replaces or takes it', async () => {
    for (const rule of ['own', 'shared'] as const) {
      const bucket = await makeBucket(rule)
      const name = (api: Api, bytes: string, file_name = 'a.txt') =>
        putNamed({ api }, 'x', bytes, { bucket, fields: { file_name } })
      await name(bob, 'first').expect(201)
      expect(await name(anna, 'second')).toBeProblem(409, 'name-taken')
      expect(
        (await bob.get(`${filesPath}/${hashes('first')[0]}/content?bucket=${bucket}`)).body.toString(),
      ).toBe('first')
      await name(bob, 'third').expect(201)
      await name(anna, 'mine', 'b.txt').expect(201)
      const { body } = await anna.get(`${filesPath}/${hashes('mine')[0]}?bucket=${bucket}`).expect(200)
      const renamed = await anna.put(`${filesPath}/${body.id}`).send({ file_name: 'a.txt' })
      expect(renamed).toBeProblem(409, 'name-taken')
      await name(admin, 'of the application').expect(201)
      expect(await name(bob, 'fourth')).toBeProblem(409, 'name-taken')
    }
  })

  it('is not named where a name leads to several files', async () => {
    const bucket = await makeBucket('own')
    await put(bob, bucket, 'bob')
    const own = await put(anna, bucket, 'anna')
    const shared = await anna.delete(`/file/${bucket}/file.txt`)
    expect(shared).toBeProblem(409, 'name-shared')
    expect(shared.body.ids).toEqual([own.id])
    await put(bob, bucket, 'twice')
    await put(anna, bucket, 'twice')
    await anna.delete(`${filesPath}/${hashes('twice')[0]}?bucket=${bucket}`).expect(201)
  })

  it('is not repeated for the same Idempotency-Key', async () => {
    const bucket = await makeBucket('own')
    const send = (api: Api) =>
      api.put(`${filesPath}?bucket=${bucket}`).set('Idempotency-Key', 'k/1').send(Buffer.from('same'))
    const first = await send(bob).expect(201)
    const other = await send(anna).expect(201)
    expect(other.headers['idempotency-replayed']).toBeUndefined()
    expect(other.body).toMatchObject({ owner: 'anna' })
    expect((await send(bob).expect(201)).body).toEqual(first.body)
    // Where one name ends and the next begins is not for users to say.
    const slash = asUser(service, 'bob/k')
    const answer = await slash
      .put(`${filesPath}?bucket=${bucket}`)
      .set('Idempotency-Key', '1')
      .send(Buffer.from('same'))
    expect([answer.status, answer.body.owner]).toEqual([201, 'bob/k'])
  })

  it('is not touched as long as it is being sent', async () => {
    const bucket = await makeBucket('shared')
    const [announced] = [
      (
        await bob
          .post('/presigned-url')
          .send({ filename: 'a.txt', type: 'text/plain', file_size: 5, bucket })
          .expect(200)
      ).body,
    ]
    const { id, named } = await sendAll({ url: service.url, api: bob }, [Buffer.from('parts')], { bucket })
    const key = `?key=${id}`
    const asks = [
      anna.get(`/file-status/${announced.key}`),
      anna.put('/file-status').send({ uuid: announced.key, status: 'uploaded' }),
      anna.get(`/s3/multipart/${id}${key}`),
      anna.get(`/s3/multipart/${id}/1${key}`),
      anna.get(`/s3/multipart/${id}/batch${key}&partNumbers=1`),
      completeMultipart({ api: anna, url: service.url }, id, named),
      anna.delete(`/s3/multipart/${id}${key}`),
    ]
    for (const answer of await Promise.all(asks)) expect(answer.status).toBe(404)
    await completeMultipart({ api: bob, url: service.url }, id, named).expect(200)
    expect(await completeMultipart({ api: anna, url: service.url }, id, named)).toBeProblem(404)
    expect((await bob.get(`${filesPath}/${id}`).expect(200)).body.owner).toBe('bob')
    await anna.get(`${filesPath}/${id}`).expect(200) // a file now, in a bucket that users share
  })

  it.each(['own', 'shared'] as const)(
    'keeps its address by name, whatever a user uploads to a bucket of "%s"',
    async (users) => {
      const bucket = `b-${randomUUID()}`
      await admin.post('/buckets').send({ name: bucket, users, visibility: 'public' }).expect(201)
      const read = (name: string) => admin.get(`/public/${bucket}/${name}`)
      await put(bob, bucket, 'unnamed', { file_name: 'photo.txt' })
      await put(anna, bucket, 'planted', { file_name: 'photo.txt' })
      for (const path of [`/public/${bucket}/photo.txt`, `/file/${bucket}/photo.txt`])
        expect(await admin.get(path)).toBeProblem(404, 'file-not-found')
      await putNamed({ api: bob }, 'photo.txt', 'named', { bucket }).expect(201)
      await put(anna, bucket, 'planted again', { file_name: 'photo.txt' })
      expect(await putNamed({ api: anna }, 'photo.txt', 'other', { bucket })).toBeProblem(409, 'name-taken')
      expect(String((await read('photo.txt').expect(200)).body)).toBe('named')
      await bob.delete(`/file/${bucket}/photo.txt`).expect(200)
      await read('photo.txt').expect(404)
      await admin.patch(`/buckets/${bucket}`).send({ users: 'none' }).expect(200)
      expect(String((await read('photo.txt').expect(200)).body)).toBe('planted again')
    },
  )

  it('is not learnt by joining a request that is under way', async () => {
    const bucket = await makeBucket('own')
    const { id, named } = await sendAll({ url: service.url, api: bob }, [Buffer.from('parts')], { bucket })
    const complete = (api: Api) => completeMultipart({ api, url: service.url }, id, named)
    const [own, other] = await Promise.all([complete(bob), complete(anna)])
    expect([own.status, other.status]).toEqual([200, 404])
  })

  it('is not learnt by joining the verification of an upload', async () => {
    const bytes = gif(randomUUID())
    const { body } = await announce({ api: bob, url: service.url }, bytes, {
      bucket: await makeBucket('own'),
    }).expect(200)
    await sendDirect(service, body, bytes)
    const verify = (api: Api) => setStatus({ api, url: service.url }, body.key, 'uploaded')
    const [own, other] = await Promise.all([verify(bob), verify(anna)])
    expect([own.status, other.status]).toEqual([200, 404])
  })

  it('is out of reach of announcements whose bucket is closed to users by now', async () => {
    const bucket = await makeBucket('own')
    const { id, named } = await sendAll({ url: service.url, api: anna }, [Buffer.from('parts')], { bucket })
    await admin.patch(`/buckets/${bucket}`).send({ users: 'none' }).expect(200)
    expect(await completeMultipart({ api: anna, url: service.url }, id, named)).toBeProblem(
      404,
      'upload-not-found',
    )
  })
})
