import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, postKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'

describeService('createKey', closed, (service) => {
  it('shows the key once: no other answer has its text', async () => {
    const fields = {
      name: ' build 1 ',
      scopes: ['read', 'write', 'read'],
      buckets: ['acme-*', 'docs'],
      prefix: 'a/',
    }
    const answer = await postKey(service, { ...fields, expires_in: 3600 })
    const { key, ...shown } = answer.body
    expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store'])
    expect(answer.headers.location).toBe(`/keys/${shown.id}`)
    expect(shown).toMatchObject({ ...fields, name: 'build 1', scopes: ['read', 'write'] })
    expect(Date.parse(shown.expires_at) - Date.parse(shown.created_at)).toBeGreaterThan(3_590_000)
    const { api } = holding(service, rootKey)
    const [one, all] = [await api.get(`/keys/${shown.id}`), await api.get('/keys')]
    expect([one.body, all.body]).toEqual([shown, expect.arrayContaining([shown])])
    expect(JSON.stringify([one.headers, all.headers])).not.toContain(key.slice(17))
  })

  it('makes a key that is good at once, for what it says', async () => {
    const { key, id } = await makeKey(service, { scopes: ['list'], buckets: ['docs'] })
    const { api } = holding(service, key)
    const { body } = await api.get('/whoami').expect(200)
    expect(body).toMatchObject({ actor: `key:${id}`, scopes: ['list'], buckets: ['docs'] })
    await api.get('/buckets').expect(200)
    expect(await api.get('/keys')).toBeProblem(403, 'scope-missing')
  })

  it('gives what is not named as the maker has it, and says who the maker is', async () => {
    const end = new Date(Date.now() + 3_600_000).toISOString()
    const reach = { buckets: ['acme-*'], prefix: 'x/', expires_at: end }
    const maker = await makeKey(service, { scopes: ['admin'], ...reach })
    const made = await makeKey(service, { scopes: ['read'] }, maker.key)
    expect(made).toMatchObject({ ...reach, created_by: `key:${maker.id}` })
    expect(await makeKey(service)).toMatchObject({ buckets: ['*'], prefix: '', expires_at: null })
  })

  const longPrefix = `${'é'.repeat(127)}x`
  it.each([
    ['a name with blanks around it', { name: ` ${'n'.repeat(90)} ` }, { name: 'n'.repeat(90) }],
    ['a name of 100 characters', { name: '🔑'.repeat(100) }, { name: '🔑'.repeat(100) }],
    ['a name that can be composed', { name: 'Zu\u0308rich' }, { name: 'Zürich' }],
    ['a prefix of 255 bytes', { prefix: longPrefix }, { prefix: longPrefix }],
    ['a prefix that can be composed', { prefix: 'u\u0308/' }, { prefix: 'ü/' }],
    ['an end', { expires_at: '2999-01-01T01:00:00+01:00' }, { expires_at: '2999-01-01T00:00:00.000Z' }],
    ['no end', { expires_at: null }, { expires_at: null }],
    ['100 buckets', { buckets: Array(100).fill('a*') }, { buckets: Array(100).fill('a*') }],
    ['a pattern of 64 characters', { buckets: ['*'.repeat(64)] }, { buckets: ['*'.repeat(64)] }],
  ])('takes %s', async (_case, fields, expected) => {
    expect(await makeKey(service, fields)).toMatchObject(expected)
  })

  const [soon, yesterday] = [new Date(Date.now() + 3_600_000), new Date(Date.now() - 86_400_000)]
  it.each([
    ['no name', { name: undefined }, 'bad-request'],
    ['an empty name', { name: '' }, 'bad-request'],
    ['a name of blanks', { name: ' \t' }, 'key-properties-invalid'],
    ['a name with a line break', { name: 'a\nb' }, 'key-properties-invalid'],
    ['a name with a zero', { name: 'a\0b' }, 'key-properties-invalid'],
    ['a name that turns the text around', { name: 'a\u202eb' }, 'key-properties-invalid'],
    ['a name with half a character', { name: 'a\ud800b' }, 'key-properties-invalid'],
    ['a name of 101 characters', { name: 'n'.repeat(101) }, 'bad-request'],
    ['a name that is none', { name: 7 }, 'bad-request'],
    ['no scopes', { scopes: undefined }, 'bad-request'],
    ['an empty list of scopes', { scopes: [] }, 'bad-request'],
    ['a scope that is none', { scopes: ['read', 'root'] }, 'bad-request'],
    ['scopes as text', { scopes: 'read' }, 'bad-request'],
    ['no bucket', { buckets: [] }, 'bad-request'],
    ['101 buckets', { buckets: Array(101).fill('a') }, 'bad-request'],
    ['a bucket with capitals', { buckets: ['Photos'] }, 'bad-request'],
    ['a bucket with a slash', { buckets: ['a/b'] }, 'bad-request'],
    ['an empty bucket', { buckets: [''] }, 'bad-request'],
    ['a pattern of 65 characters', { buckets: ['*'.repeat(65)] }, 'bad-request'],
    ['a prefix that begins with a slash', { prefix: '/a' }, 'key-properties-invalid'],
    ['a prefix with an empty folder', { prefix: 'a//' }, 'key-properties-invalid'],
    ['a prefix that leads up', { prefix: 'a/../b' }, 'key-properties-invalid'],
    ['a prefix with a backslash', { prefix: 'a\\' }, 'key-properties-invalid'],
    ['a prefix with a zero', { prefix: 'a\0' }, 'key-properties-invalid'],
    ['a prefix of 256 bytes', { prefix: 'é'.repeat(128) }, 'key-properties-invalid'],
    ['an end that is over', { expires_at: yesterday.toISOString() }, 'expiry-invalid'],
    ['an end that does not exist', { expires_at: '2999-02-30T00:00:00Z' }, 'expiry-invalid'],
    ['an end that is no time', { expires_at: 'tomorrow' }, 'bad-request'],
    ['an end in both ways', { expires_in: 60, expires_at: soon.toISOString() }, 'expiry-invalid'],
    ['an end in both ways, of which one is none', { expires_in: 60, expires_at: null }, 'expiry-invalid'],
    ['a life of no seconds', { expires_in: 0 }, 'bad-request'],
    ['a life of half a second', { expires_in: 0.5 }, 'bad-request'],
    ['a life of more than 300 years', { expires_in: 1e10 }, 'bad-request'],
    ['an id of its own', { id: 'AAAAAAAAAAAA' }, 'bad-request'],
    ['a maker of its own', { created_by: null }, 'bad-request'],
    ['a text of its own', { key: rootKey }, 'bad-request'],
    ['a property that is none', { owner: 'me' }, 'bad-request'],
  ])('refuses %s, and makes nothing', async (_case, fields, code) => {
    const before = (await holding(service, rootKey).api.get('/keys?limit=1000')).body.length
    expect(await postKey(service, fields)).toBeProblem(400, code)
    expect((await holding(service, rootKey).api.get('/keys?limit=1000')).body).toHaveLength(before)
  })

  it.each([
    ['a list', '[]'],
    ['a name twice', '{"name":"a","name":"b","scopes":["read"]}'],
    ['a prototype', '{"name":"a","scopes":["read"],"__proto__":{"scopes":["admin"]}}'],
    ['nothing', ''],
  ])('refuses a body with %s', async (_case, body) => {
    const { api } = holding(service, rootKey)
    expect(await api.post('/keys').type('json').send(body)).toBeProblem(400)
  })

  it('refuses a name that another key has, also one that was revoked', async () => {
    const { id, name } = await makeKey(service)
    expect(await postKey(service, { name: ` ${name}` })).toBeProblem(409, 'key-name-taken')
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    expect(await postKey(service, { name })).toBeProblem(409, 'key-name-taken')
  })

  it('is for admins', async () => {
    const { key } = await makeKey(service, { scopes: ['read', 'list', 'write', 'delete'] })
    expect(await postKey(service, {}, key)).toBeProblem(403, 'scope-missing')
    expect(await holding(service).api.post('/keys').send({})).toBeProblem(401, 'access-key-needed')
  })

  it('makes one key of many requests for the same name', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => postKey(service, { name: 'race' })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(409)])
  })
})
