import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'

describeService('updateKey', closed, (service) => {
  const change = (id: string, changes: object, by = rootKey) =>
    holding(service, by).api.patch(`/keys/${id}`).send(changes)
  const begin = Date.now()
  const hours = (count: number) => new Date(begin + count * 3_600_000).toISOString()

  it.each([
    ['the name', { name: ' new name ' }, { name: 'new name' }],
    ['the scopes', { scopes: ['list', 'delete'] }, { scopes: ['list', 'delete'] }],
    ['the buckets', { buckets: ['a', 'b-*'] }, { buckets: ['a', 'b-*'] }],
    ['the prefix', { prefix: 'reports/' }, { prefix: 'reports/' }],
    ['the end', { expires_at: '2999-01-01T00:00:00Z' }, { expires_at: '2999-01-01T00:00:00.000Z' }],
    [
      'all at once',
      { name: 'n', scopes: ['admin'], prefix: '', expires_at: null },
      { scopes: ['admin'], expires_at: null },
    ],
  ])('changes %s and leaves the rest', async (_case, changes, expected) => {
    const { key, ...before } = await makeKey(service, { prefix: 'x/', expires_in: 3600 })
    const { status, body } = await change(before.id, changes)
    expect([status, body]).toEqual([200, { ...before, ...body, ...expected }])
    expect(Object.keys(changes).toSorted()).toEqual(changed(before, body))
    expect((await holding(service, rootKey).api.get(`/keys/${before.id}`)).body).toEqual(body)
  })

  it('holds at once in the process that made the change', async () => {
    const { id, key } = await makeKey(service, { scopes: ['list'] })
    const { api } = holding(service, key)
    await api.get('/buckets').expect(200)
    await change(id, { scopes: ['read'] }).expect(200)
    expect(await api.get('/buckets')).toBeProblem(403, 'scope-missing')
    await change(id, { scopes: ['list'], expires_in: 1 }).expect(200)
    await api.get('/buckets').expect(200)
  })

  it.each([
    ['nothing', {}, 'bad-request'],
    ['an id', { id: 'AAAAAAAAAAAA' }, 'bad-request'],
    ['a revocation', { revoked_at: null }, 'bad-request'],
    ['a maker', { created_by: null }, 'bad-request'],
    ['a scope that is none', { scopes: ['root'] }, 'bad-request'],
    ['no scope', { scopes: [] }, 'bad-request'],
    ['a name that is empty', { name: '' }, 'bad-request'],
    ['a prefix that leads up', { prefix: '../' }, 'key-properties-invalid'],
    ['an end that is over', { expires_at: '2020-01-01T00:00:00Z' }, 'expiry-invalid'],
    ['an end in both ways', { expires_at: null, expires_in: 5 }, 'expiry-invalid'],
  ])('refuses to change %s', async (_case, changes, code) => {
    const { key: _key, ...before } = await makeKey(service)
    expect(await change(before.id, changes)).toBeProblem(400, code)
    expect((await holding(service, rootKey).api.get(`/keys/${before.id}`)).body).toEqual(before)
  })

  it('refuses a name that is taken, until its holder has another one', async () => {
    const [one, two] = [await makeKey(service), await makeKey(service)]
    expect(await change(two.id, { name: one.name })).toBeProblem(409, 'key-name-taken')
    await holding(service, rootKey).api.delete(`/keys/${one.id}`).expect(204)
    await change(one.id, { name: `${one.name}, revoked` }).expect(200)
    await change(two.id, { name: one.name }).expect(200)
  })

  it('does not bring back a key that was revoked', async () => {
    const { id, key } = await makeKey(service)
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    await change(id, { expires_at: null, scopes: ['admin'] }).expect(200)
    expect(await holding(service, key).api.get('/whoami')).toBeProblem(401, 'access-key-revoked')
  })

  it('lets an admin of a part make a key smaller, and larger only inside that part and that time', async () => {
    const part = await makeKey(service, {
      scopes: ['admin'],
      buckets: ['acme-*'],
      prefix: 'x/',
      expires_at: hours(2),
    })
    const { id } = await makeKey(service, { scopes: ['read', 'write'], buckets: ['acme-*'], prefix: 'x/' })
    const by = (changes: object) => change(id, changes, part.key)
    await by({ name: 'renamed', scopes: ['read'], prefix: 'x/y' }).expect(200)
    for (const larger of [{ scopes: ['read', 'list'] }, { prefix: 'x/' }])
      expect(await by(larger)).toBeProblem(403, 'scope-exceeded') // the key has no end
    await by({ expires_at: hours(1) }).expect(200)
    await by({ scopes: ['admin'], prefix: 'x/', expires_at: hours(2) }).expect(200)
    for (const larger of [
      { expires_at: hours(3) },
      { expires_at: null },
      { buckets: ['*'] },
      { prefix: 'x' },
    ])
      expect(await by(larger)).toBeProblem(403, 'scope-exceeded')
  })

  it('finds no key outside the reach of the caller', async () => {
    const part = await makeKey(service, { scopes: ['admin'], buckets: ['acme-*'] })
    const { id } = await makeKey(service)
    expect(await change(id, { buckets: ['acme-a'] }, part.key)).toBeProblem(404, 'key-not-found')
    expect(await change('AAAAAAAAAAAA', { name: 'x' })).toBeProblem(404, 'key-not-found')
  })

  it('refuses a condition that cannot hold, for a key that is there', async () => {
    const { id } = await makeKey(service)
    expect(await change(id, { name: 'y' }).set('If-Match', '"1"')).toBeProblem(412)
    expect(await change('AAAAAAAAAAAA', { name: 'y' }).set('If-Match', '"1"')).toBeProblem(404)
  })
})

/** The names of the fields that differ. */
const changed = (one: object, other: object) =>
  Object.entries(one)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(other, name)))
    .map(([name]) => name)
    .toSorted()
