import { createHash, randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Api } from '../../support/api/agent.ts'
import { upload } from '../../support/api/files.ts'
import { follow, putNamed } from '../../support/api/named.ts'
import { asAdmin, asUser, userSettings } from '../../support/api/users.ts'
import { type FileBody, filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

const rules = ['none', 'own', 'shared'] as const
type Rule = (typeof rules)[number]
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A file that anna meets: hers, another user's, or that of an application. */
const owners = ['anna', 'bob', 'nobody'] as const
type Owner = (typeof owners)[number]

interface Met {
  readonly bucket: string
  readonly file: FileBody
  readonly bytes: string
}

/** What happens in a bucket where anna may do nothing, to a file that she may not see, and to one that she may not change. */
const closed = [403, 'bucket-forbidden'] as const
const hidden = [404, 'file-not-found'] as const
const foreign = [403, 'owner-forbidden'] as const
type Refusal = typeof closed | typeof hidden | typeof foreign

describeService('A user', userSettings, (service) => {
  let admin: Api
  let anna: Api
  beforeAll(() => {
    admin = asAdmin(service)
    anna = asUser(service, 'anna')
  })

  async function makeBucket(users: Rule, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const name = `b-${randomUUID()}`
    await admin
      .post('/buckets')
      .send({ name, users, ...more })
      .expect(201)
    return name
  }

  /** A file with its name to itself, put by the application for its owner. */
  async function meet(users: Rule, owner: Owner): Promise<Met> {
    const [bucket, bytes] = [await makeBucket(users), randomUUID()]
    const fields = owner === 'nobody' ? {} : { owner }
    await putNamed({ api: admin }, 'a.txt', bytes, { bucket, fields }).expect(201)
    const { body } = await admin.get(`${filesPath}/${sha256(bytes)}?bucket=${bucket}`).expect(200)
    return { bucket, file: body, bytes }
  }

  type Ask = (met: Met) => ReturnType<Api['get']>
  const byId = ({ file }: Met) => `${filesPath}/${file.id}`
  const byName = ({ bucket, file }: Met) => `/file/${bucket}/${file.file_name}`

  const reads: readonly (readonly [string, Ask, number])[] = [
    ['getFile by id', (met) => anna.get(byId(met)), 200],
    ['downloadFile by id', (met) => anna.get(`${byId(met)}/content`), 200],
    ['getFileLink by id', (met) => anna.get(`${byId(met)}/link`), 200],
  ]
  const readsInBucket: readonly (readonly [string, Ask, number])[] = [
    [
      'getFile by hash',
      ({ bucket, bytes }) => anna.get(`${filesPath}/${sha256(bytes)}?bucket=${bucket}`),
      200,
    ],
    ['getNamedFileLink', (met) => anna.get(byName(met)), 200],
  ]
  const changes: readonly (readonly [string, Ask, number])[] = [
    ['updateFile', (met) => anna.put(byId(met)).send({ metadata: { a: 1 } }), 201],
    [
      'updateFile with an expiry',
      (met) => anna.put(byId(met)).send({ expires_at: '2999-01-01T00:00:00Z' }),
      201,
    ],
    ['updateFile with a name', (met) => anna.put(byId(met)).send({ file_name: 'b.txt' }), 201],
    ['deleteFile by id', (met) => anna.delete(byId(met)), 201],
  ]
  const changesInBucket: readonly (readonly [string, Ask, number])[] = [
    ['deleteNamedFile', (met) => anna.delete(byName(met)), 200],
  ]
  /** The announcement and the upload of others are not hers, also where she may read their files. */
  const uploads: readonly (readonly [string, Ask, number])[] = [
    ['getFileStatus', ({ file }) => anna.get(`/file-status/${file.id}`), 200],
  ]

  function refusalOf(
    kind: 'read' | 'change' | 'upload',
    inBucket: boolean,
    rule: Rule,
    owner: Owner,
  ): Refusal | undefined {
    if (rule === 'none') return inBucket ? closed : hidden
    if (owner === 'anna') return undefined
    if (rule === 'own' || kind === 'upload') return hidden
    return kind === 'read' ? undefined : foreign
  }

  const cases = rules.flatMap((rule) =>
    owners.flatMap((owner) =>
      (
        [
          [reads, 'read', false],
          [readsInBucket, 'read', true],
          [changes, 'change', false],
          [changesInBucket, 'change', true],
          [uploads, 'upload', false],
        ] as const
      ).flatMap(([operations, kind, inBucket]) =>
        operations.map(([operation, ask, status]) => {
          const refusal = refusalOf(kind, inBucket, rule, owner)
          const outcome = refusal ? refusal.join(' ') : 'allowed'
          return { operation, rule, owner, outcome, ask, status, refusal }
        }),
      ),
    ),
  )

  it.each(cases)(
    'asks for $operation in a bucket of "$rule" with a file of $owner: $outcome',
    async ({ rule, owner, ask, status, refusal }) => {
      const met = await meet(rule, owner)
      const answer = await ask(met)
      if (!refusal) return expect(answer.status).toBe(status)
      const [refused, code] = refusal
      expect(answer).toBeProblem(refused, code)
      expect((await admin.get(byId(met)).expect(200)).body).toEqual(met.file)
    },
  )

  describe('uploads', () => {
    const bytes = () => randomUUID()
    const ways: readonly (readonly [
      string,
      (api: Api, bucket: string, owner?: string) => ReturnType<Api['get']>,
      number,
    ])[] = [
      [
        'createFile',
        (api, bucket, owner) => upload({ api }, bytes(), { fields: { bucket, ...(owner && { owner }) } }),
        201,
      ],
      [
        'putFile',
        (api, bucket, owner) =>
          api
            .put(`${filesPath}?bucket=${bucket}${owner ? `&owner=${owner}` : ''}`)
            .send(Buffer.from(bytes())),
        201,
      ],
      [
        'putNamedFile',
        (api, bucket, owner) =>
          putNamed({ api }, 'n.txt', bytes(), { bucket, fields: { ...(owner && { owner }) } }),
        201,
      ],
      [
        'putFileByName',
        (api, bucket, owner) =>
          putNamed({ api }, 'n.txt', bytes(), { fields: { bucket, ...(owner && { owner }) } }),
        201,
      ],
      [
        'createPresignedUrl',
        (api, bucket, owner) =>
          api.post('/presigned-url').send({ filename: 'a', type: 'text/plain', file_size: 3, bucket, owner }),
        200,
      ],
      [
        'createMultipartUpload',
        (api, bucket, owner) => api.post('/s3/multipart').send({ filename: 'a', type: '', bucket, owner }),
        200,
      ],
      [
        'getUploadParameters',
        (api, bucket, owner) =>
          api.get(`/s3/params?filename=a&bucket=${bucket}${owner ? `&owner=${owner}` : ''}`),
        200,
      ],
    ]

    it.each(ways)('by %s where the rule allows it, for nobody but themselves', async (_way, send, status) => {
      for (const rule of ['own', 'shared'] as const) {
        const bucket = await makeBucket(rule)
        expect((await send(anna, bucket)).status).toBe(status)
        expect((await send(anna, bucket, 'anna')).status).toBe(status)
        expect(await send(anna, bucket, 'bob')).toBeProblem(403, 'owner-forbidden')
      }
      expect(await send(anna, await makeBucket('none'))).toBeProblem(403, 'bucket-forbidden')
      expect(await send(anna, `b-${randomUUID()}`)).toBeProblem(403, 'bucket-forbidden')
      expect((await send(admin, await makeBucket('none'), 'bob')).status).toBe(status)
    })

    it('get their user as owner, and are made by their user', async () => {
      const { body } = await upload({ api: anna }, bytes(), { fields: { bucket: await makeBucket('own') } })
      expect(body).toMatchObject({ owner: 'anna', created_by: 'user:anna' })
    })

    it('keep the owner that an application names, and change it with the application only', async () => {
      const bucket = await makeBucket('own')
      const { body } = await upload({ api: admin }, bytes(), { fields: { bucket, owner: 'bob' } })
      expect(body.owner).toBe('bob')
      const path = `${filesPath}/${body.id}`
      await anna.get(path).expect(404)
      expect((await admin.put(path).send({ owner: 'anna' }).expect(201)).body.owner).toBe('anna')
      await anna.get(path).expect(200)
      for (const owner of ['bob', null])
        expect(await anna.put(path).send({ owner })).toBeProblem(403, 'owner-forbidden')
      await anna.put(path).send({ owner: 'anna' }).expect(201)
      expect((await admin.put(path).send({ owner: null }).expect(201)).body.owner).toBeNull()
      await anna.get(path).expect(404)
    })

    it.each([
      ['empty', ''],
      ['too long', 'x'.repeat(256)],
      ['with a control', 'a\u0007'],
    ])('are refused with an owner that is %s', async (kind, owner) => {
      const bucket = await makeBucket('own')
      const form = upload({ api: admin }, bytes(), { fields: { bucket, owner } })
      // An HTML form sends every field, so an empty one counts as not sent.
      expect((await form).status).toBe(kind === 'empty' ? 201 : 400)
      const raw = admin.put(`${filesPath}?bucket=${bucket}&owner=${encodeURIComponent(owner)}`)
      expect(await raw.send(Buffer.from(bytes()))).toBeProblem(400)
      const announced = admin.post('/s3/multipart').send({ filename: 'a', type: '', bucket, owner })
      expect(await announced).toBeProblem(400)
    })
  })

  it('may be called anything that is no control', async () => {
    const sub = 'auth0|Änna "ß"/+&=%00?# \u{1F600}'
    const odd = asUser(service, sub)
    const { body } = await upload({ api: odd }, randomUUID(), { fields: { bucket: await makeBucket('own') } })
    expect(body).toMatchObject({ owner: sub, created_by: `user:${sub}` })
    const { url } = (await odd.get(`${filesPath}/${body.id}/link`).expect(200)).body
    await follow(service, url).expect(200)
    const { body: listed } = await admin.get(
      `${filesPath}?bucket=${body.bucket}&owner=${encodeURIComponent(sub)}`,
    )
    expect(listed).toEqual([body])
  })

  it('makes links that lead to what the user may see now', async () => {
    const { bucket, file } = await meet('shared', 'bob')
    const { url } = (await anna.get(`${filesPath}/${file.id}/link`).expect(200)).body
    const form = (await anna.get(`/s3/params?filename=a&bucket=${bucket}`).expect(200)).body
    await follow(service, url).expect(200)
    await admin.patch(`/buckets/${bucket}`).send({ users: 'own' }).expect(200)
    expect(await follow(service, url)).toBeProblem(404, 'file-not-found')
    await admin.put(`${filesPath}/${file.id}`).send({ owner: 'anna' }).expect(201)
    await follow(service, url).expect(200)
    await admin.patch(`/buckets/${bucket}`).send({ users: 'none' }).expect(200)
    expect(await follow(service, url)).toBeProblem(404, 'file-not-found')
    const sent = follow(service, form.url, 'post').field(form.fields).attach('file', Buffer.from('x'), 'x')
    expect(await sent).toBeProblem(404, 'file-not-found')
  })

  it.each(['/buckets/%00', '/buckets/..', `${filesPath}?bucket=%00`, `/file/A%27/x`])(
    'gets a refusal for %s, which names no bucket',
    async (path) => {
      expect((await anna.get(path)).status).toBeGreaterThanOrEqual(400)
      expect((await anna.get(path)).status).toBeLessThan(500)
    },
  )

  it('makes no bucket and changes no rule', async () => {
    const bucket = await makeBucket('shared')
    expect(await anna.post('/buckets').send({ name: 'mine' })).toBeProblem(403, 'scope-missing')
    expect(await anna.patch(`/buckets/${bucket}`).send({ users: 'own' })).toBeProblem(403, 'scope-missing')
    expect(await anna.delete(`/buckets/${bucket}`)).toBeProblem(403, 'scope-missing')
  })

  it('sees the buckets that are for users, and their rules', async () => {
    const [none, own, shared] = [
      await makeBucket('none'),
      await makeBucket('own'),
      await makeBucket('shared'),
    ]
    const { body } = await anna.get('/buckets?limit=1000').expect(200)
    const names = body.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining([own, shared]))
    expect(names).not.toContain(none)
    await anna.get(`/buckets/${own}`).expect(200)
    expect(await anna.get(`/buckets/${none}`)).toBeProblem(403, 'bucket-forbidden')
    expect(await anna.get('/buckets/nowhere')).toBeProblem(403, 'bucket-forbidden')
  })

  it('loses a bucket as soon as its rule changes', async () => {
    const { bucket, file } = await meet('own', 'anna')
    await admin.patch(`/buckets/${bucket}`).send({ users: 'none' }).expect(200)
    await anna.get(`${filesPath}/${file.id}`).expect(404)
    expect(await anna.get(`${filesPath}?bucket=${bucket}`)).toBeProblem(403, 'bucket-forbidden')
  })

  it('reads the bytes of a public bucket as everyone does, whatever the rule is, and no metadata of others', async () => {
    for (const rule of rules) {
      const bucket = await makeBucket(rule, { visibility: 'public' })
      const { body } = await upload({ api: admin }, 'avatar', { fields: { bucket, owner: 'bob' } })
      await anna.get(`${filesPath}/${body.id}/content`).expect(200)
      await anna.get(`${filesPath}/${body.file_hash}/content?bucket=${bucket}`).expect(200)
      await anna.get(`/public/${bucket}/file.txt`).expect(rule === 'none' ? 200 : 404)
      await putNamed({ api: admin }, 'named.txt', 'named', { bucket, fields: { owner: 'bob' } }).expect(201)
      await anna.get(`/public/${bucket}/named.txt`).expect(200)
      await anna.get(`${filesPath}/${body.id}`).expect(rule === 'shared' ? 200 : 404)
    }
  })
})
