import { expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { newCredential } from '../../../src/runtime/credentialText.ts'
import { describeService } from '../../support/describeService.ts'

const admin = newCredential('key')
const actor = `key:${admin.id}`

describeService('listAudit', { ADMIN_KEYS: admin.text, AUDIT_RETENTION_SECONDS: '86400' }, (service) => {
  const asAdmin = () => service.api
  const list = (query = '') => asAdmin().get(`/audit${query}`).set('x-api-key', admin.text)
  const changeBuckets = async () => {
    const key = { 'x-api-key': admin.text, 'x-request-id': 'the-request' }
    const rules = { visibility: 'public', max_file_size: 10, allowed_types: ['image/*'] }
    await asAdmin()
      .post('/buckets')
      .set(key)
      .send({ name: 'pictures', ...rules })
      .expect(201)
    await asAdmin().patch('/buckets/pictures').set(key).send({ expires_in: 60 }).expect(200)
    await asAdmin().delete('/buckets/pictures').set(key).expect(204)
    return rules
  }

  it('tells who changed the rules of a bucket, what they set, and from where, the newest first', async () => {
    const rules = await changeBuckets()
    const { body } = await list('?limit=3').expect(200)
    const all = { actor, target: 'bucket:pictures', request_id: 'the-request', address: '127.0.0.1' }
    const common = { ...all, id: expect.any(Number), at: expect.stringMatching(/^\d{4}-.*Z$/) }
    expect(body).toEqual([
      { ...common, action: 'bucket-deleted', details: {} },
      { ...common, action: 'bucket-changed', details: { expires_in: 60 } },
      { ...common, action: 'bucket-created', details: rules },
    ])
    expect(body[0].id).toBeGreaterThan(body[1].id)
  })

  it('tells who made, changed, rotated and revoked a key, and no secret', async () => {
    const call = (method: 'patch' | 'post' | 'delete', path: string, body: object = {}) =>
      asAdmin()[method](path).set('x-api-key', admin.text).send(body)
    const fields = { name: 'ci', scopes: ['read'], buckets: ['ci-*'], prefix: 'a/', rate_per_minute: 60 }
    const { body: made } = await call('post', '/keys', fields).expect(201)
    await call('patch', `/keys/${made.id}`, { scopes: ['list'], name: 'ci' }).expect(200)
    const { body: rotated } = await call('post', `/keys/${made.id}/rotate`, { overlap_seconds: 5 }).expect(
      200,
    )
    const { body: child } = await asAdmin()
      .post('/keys')
      .set('x-api-key', admin.text)
      .send({ name: 'other', scopes: ['read'] })
    await call('delete', `/keys/${made.id}?descendants=true`).expect(204)
    await call('delete', `/keys/${made.id}`).expect(204) // changes nothing
    await call('patch', `/keys/${made.id}`, { scopes: [] }).expect(400)
    const { body } = await list('?limit=5').expect(200)
    const entries = body.map(({ action, target, details }: Record<string, unknown>) => [
      action,
      target,
      details,
    ])
    const limits = { requests_per_month: null, expires_at: null }
    expect(entries).toEqual([
      ['key-revoked', `key:${made.id}`, {}],
      ['key-created', `key:${child.id}`, expect.objectContaining({ name: 'other' })],
      ['key-rotated', `key:${made.id}`, { overlap_seconds: 5 }],
      ['key-changed', `key:${made.id}`, { scopes: ['list'] }],
      ['key-created', `key:${made.id}`, { ...fields, ...limits }],
    ])
    for (const secret of [made.key, rotated.key]) expect(JSON.stringify(body)).not.toContain(secret.slice(17))
  })

  it('shows an admin of some buckets and names the entries about those', async () => {
    const call = (path: string, body: object) => asAdmin().post(path).set('x-api-key', admin.text).send(body)
    const makeAdmin = async (name: string, rights: object) =>
      (await call('/keys', { name, scopes: ['admin'], ...rights }).expect(201)).body
    const acme = await makeAdmin('acme', { buckets: ['acme-*', 'shared'] })
    const part = await makeAdmin('part', { buckets: ['acme-*'], prefix: 'part/' })
    await call('/buckets', { name: 'acme-1' }).expect(201)
    await call('/buckets', { name: 'acmeX1' }).expect(400)
    await call('/buckets', { name: 'other' }).expect(201)
    const inside = await makeAdmin('inside', { buckets: ['acme-1', 'acme-2*'], prefix: 'part/of/' })
    const seenBy = async ({ key }: { key: string }) => {
      const { body } = await asAdmin().get('/audit').set('x-api-key', key).expect(200)
      return body.map(({ target }: { target: string }) => target)
    }
    const [acmeKey, partKey, insideKey] = [acme, part, inside].map(({ id }) => `key:${id}`)
    expect(await seenBy(acme)).toEqual([insideKey, 'bucket:acme-1', partKey, acmeKey])
    expect(await seenBy(part)).toEqual([insideKey, partKey])
    const reader = (await call('/keys', { name: 'reader', scopes: ['read', 'list', 'write', 'delete'] })).body
    expect(await asAdmin().get('/audit').set('x-api-key', reader.key)).toBeProblem(403, 'scope-missing')
  })

  it('has no entry of a change that was refused', async () => {
    const { body: before } = await list()
    const key = { 'x-api-key': admin.text }
    await asAdmin().post('/buckets').set(key).send({ name: 'taken' }).expect(201)
    await asAdmin().post('/buckets').set(key).send({ name: 'taken' }).expect(409)
    await asAdmin().patch('/buckets/nowhere').set(key).send({ expires_in: 60 }).expect(404)
    await asAdmin().delete('/buckets/nowhere').set(key).expect(404)
    await asAdmin().post('/buckets').send({ name: 'stranger' }).expect(401)
    const { body: after } = await list()
    expect(after.length).toBe(before.length + 1)
  })

  it('has every entry of a change: what cannot be written down is not done', async () => {
    const { db } = service.deps
    await sql`alter table audit add constraint full_disk check (target <> 'bucket:unnoticed')`.execute(db)
    const key = { 'x-api-key': admin.text }
    const answer = await asAdmin().post('/buckets').set(key).send({ name: 'unnoticed' })
    await sql`alter table audit drop constraint full_disk`.execute(db)
    expect(answer).toBeProblem(500)
    await asAdmin().get('/buckets/unnoticed').set(key).expect(404)
  })

  it('comes in pages, and by actor and action', async () => {
    await changeBuckets()
    const { body: all } = await list()
    const pages: unknown[] = []
    for (let path: string | undefined = '?limit=2'; path !== undefined; ) {
      const { body, headers }: Awaited<ReturnType<typeof list>> = await list(path).expect(200)
      expect(body.length).toBeLessThanOrEqual(2)
      pages.push(...body)
      path = /^<\/audit(\?[^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1]
    }
    expect(pages).toEqual(all)
    const { body: changed, headers } = await list('?action=bucket-changed&limit=1').expect(200)
    expect(changed.map(({ action }: { action: string }) => action)).toEqual(['bucket-changed'])
    expect(headers.link).toMatch(/action=bucket-changed/)
    expect((await list(`?actor=${actor}`)).body).toEqual(all)
    expect((await list('?actor=key:000000000000')).body).toEqual([])
    expect((await list(`?after=${all.at(-1).id}`)).body).toEqual([])
  })

  it.each(['limit=0', 'limit=1001', 'after=0', 'after=x', 'action=bucket', 'actor=', 'actor=%00', 'who=me'])(
    'refuses ?%s',
    async (query) => {
      expect(await list(`?${query}`)).toBeProblem(400)
    },
  )

  it('is for admins', async () => {
    expect(await asAdmin().get('/audit')).toBeProblem(401, 'access-key-needed')
  })

  it('forgets entries after AUDIT_RETENTION_SECONDS', async () => {
    await changeBuckets()
    const { body: before } = await list('?limit=1000')
    const [newest, ...older] = before
    await sql`update audit set at = at - interval '1 day' where id <> ${newest.id}`.execute(service.deps.db)
    await service.maintain()
    expect(older.length).toBeGreaterThan(0)
    expect((await list()).body).toEqual([newest])
  })
})

describeService('listAudit of an open service', (service) => {
  it('tells that nobody had to say who they are', async () => {
    await service.api.post('/buckets').send({ name: 'pictures' }).expect(201)
    const { body } = await service.api.get('/audit').expect(200)
    expect(body).toMatchObject([{ action: 'bucket-created', actor: null, address: '127.0.0.1' }])
  })
})
