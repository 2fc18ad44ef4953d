import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { parseCredential } from '../../src/runtime/credentialText.ts'
import { createDatabase } from '../support/postgres.ts'
import { runUpfile } from '../support/runUpfile.ts'

const oneKey = /^upfk_[0-9A-Za-z]{50}\n$/
const idOf = (text: string) => parseCredential(text.trim())?.id ?? 'no key'

describe('upfile keys, on a database without keys', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>
  beforeEach(async () => {
    database = await createDatabase()
  })
  afterEach(() => database.drop())
  const keys = (...words: string[]) => runUpfile(['keys', ...words], { DATABASE_URL: database.url })
  const listed = async () => JSON.parse((await keys('list', '--json')).stdout)

  it('makes a key: standard output is the key alone, standard error says what it may do', async () => {
    const { code, stdout, stderr } = await keys('create', 'me', '--scope', 'admin')
    expect([code, stdout]).toEqual([0, expect.stringMatching(oneKey)])
    const id = idOf(stdout)
    expect(stderr).toContain(`Made the key "me" (${id}) in the database `)
    expect(stderr).toContain('Its scopes are admin, in every bucket. It does not expire.')
    expect(stderr).toMatch(/the first key: an open service closes within a second/)
    expect(stderr).not.toContain(stdout.trim())
    expect(await listed()).toEqual([
      {
        id,
        name: 'me',
        scopes: ['admin'],
        buckets: ['*'],
        prefix: '',
        rate_per_minute: null,
        requests_per_month: null,
        created_by: null,
        created_at: expect.any(String),
        expires_at: null,
        revoked_at: null,
        last_used_at: null,
      },
    ])
    expect((await keys('create', 'other')).stderr).not.toContain('first key')
  })

  it('makes a key as its options say', async () => {
    const reach = ['--bucket', 'acme-*', '--bucket=docs', '--prefix', 'reports/']
    const made = await keys(
      'create',
      ' ci ',
      '--scope',
      'read,list',
      '--scope=write',
      ...reach,
      ...['--rate', '600', '--per-month=100000'],
      '--expires-in',
      '90d',
    )
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('names that begin with "reports/"')])
    const [key] = await listed()
    expect(key).toMatchObject({
      rate_per_minute: 600,
      requests_per_month: 100_000,
      id: idOf(made.stdout),
      name: 'ci',
      scopes: ['read', 'list', 'write'],
      buckets: ['acme-*', 'docs'],
      prefix: 'reports/',
    })
    const seconds = (Date.parse(key.expires_at) - Date.parse(key.created_at)) / 1000
    expect(Math.abs(seconds - 90 * 86_400)).toBeLessThan(5)
  })

  it('makes a key for all work with files unless its options say otherwise, and prints JSON', async () => {
    const { key, ...shown } = JSON.parse((await keys('create', 'usual', '--json')).stdout)
    expect([shown]).toEqual(await listed())
    expect(shown).toMatchObject({
      scopes: ['read', 'list', 'write', 'delete'],
      buckets: ['*'],
      expires_at: null,
    })
    expect(idOf(key)).toBe(shown.id)
  })

  it('lists keys in the order of their names, with their states', async () => {
    for (const [name, ...options] of [['É', '--expires-in', '1'], ['b'], ['a'], ['B']])
      await keys('create', String(name), ...options)
    await keys('revoke', 'a')
    const { code, stdout } = await keys('list')
    const [titles, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect([code, titles?.slice(0, 4)]).toEqual([0, ['ID', 'NAME', 'STATE', 'SCOPES']])
    expect(rows.map(([, name, state]) => [name, state])).toEqual([
      ['B', 'active'],
      ['a', 'revoked'],
      ['b', 'active'],
      ['É', 'expired'],
    ])
  })

  it('gives a key another secret and keeps its id', async () => {
    const made = (await keys('create', 'me')).stdout
    const byName = await keys('rotate', 'me', '--overlap', '0')
    expect([byName.code, byName.stdout]).toEqual([0, expect.stringMatching(oneKey)])
    expect(byName.stderr).toMatch(/The old one has ended\.\n$/)
    const byId = JSON.parse((await keys('rotate', idOf(made), '--json')).stdout)
    expect([idOf(byName.stdout), idOf(byId.key), byId.id]).toEqual(Array(3).fill(idOf(made)))
    expect(new Set([made, byName.stdout, `${byId.key}\n`]).size).toBe(3)
  })

  it('revokes a key for good, as often as it is asked to', async () => {
    const id = idOf((await keys('create', 'me')).stdout)
    const revoked = await keys('revoke', 'me')
    expect([revoked.code, revoked.stdout]).toEqual([0, ''])
    expect(revoked.stderr).toContain(`Revoked the key "me" (${id})`)
    const [{ revoked_at }] = await listed()
    expect(JSON.parse((await keys('revoke', id, '--json')).stdout)).toEqual({ revoked: [id] })
    expect((await listed())[0].revoked_at).toBe(revoked_at)
    expect(await keys('rotate', 'me')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/revoked/),
    })
  })

  it('takes an id for that of a key before it takes it for a name', async () => {
    const id = idOf((await keys('create', 'victim')).stdout)
    await keys('create', id)
    await keys('revoke', id)
    const states = (await listed()).map((key: { id: string; revoked_at: string | null }) => [
      key.id === id,
      key.revoked_at !== null,
    ])
    expect(states).toEqual(
      expect.arrayContaining([
        [true, true],
        [false, false],
      ]),
    )
  })

  it.each([
    ['a name that is taken', ['create', 'me'], /^upfile: There is an access key with the name "me" already/],
    ['a key that is not there', ['revoke', 'you'], /^upfile: This access key does not exist/],
    [
      'another secret for a key that is not there',
      ['rotate', 'you'],
      /^upfile: This access key does not exist/,
    ],
  ])('says that it cannot do this: %s', async (_case, words, complaint) => {
    await keys('create', 'me')
    const { code, stdout, stderr } = await keys(...words)
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(complaint)])
  })
})

describe('upfile keys', () => {
  it.each([
    ['no action', [], /say one of create, list, rotate, revoke, generate/],
    ['an action that is none', ['delete', 'me'], /"delete" is none of create, /],
    ['no name', ['create'], /name the new key/],
    ['an empty name', ['create', ' '], /needs a name/],
    ['a name with a control character', ['create', 'a\u001bb'], /not seen/],
    ['a name that is too long', ['create', 'x'.repeat(101)], /at most 100 characters/],
    ['two names', ['create', 'a', 'b'], /"b" is one word too many/],
    ['a scope that is none', ['create', 'a', '--scope', 'read,root'], /no scope "root", only read, list, /],
    ['no scope', ['create', 'a', '--scope', ''], /no scope ""/],
    ['a bucket that none can be', ['create', 'a', '--bucket', 'Photos'], /for buckets by their names/],
    ['a prefix that no name has', ['create', 'a', '--prefix', '../'], /prefix of names that must not have/],
    ['a prefix that begins with a slash', ['create', 'a', '--prefix', '/x'], /prefix of names that must not/],
    [
      'a prefix that is too long',
      ['create', 'a', '--prefix', 'é'.repeat(128)],
      /prefix of names that may have/,
    ],
    [
      'a life that is none',
      ['create', 'a', '--expires-in', '90 days'],
      /"--expires-in" must be a time as 90d/,
    ],
    [
      'a rate of nothing',
      ['create', 'a', '--rate', '0'],
      /"--rate" must be a number of requests in a minute/,
    ],
    ['a rate that is no number', ['create', 'a', '--rate', '9/s'], /"--rate" must be/],
    ['a month of too many', ['create', 'a', '--per-month', '1'.repeat(16)], /"--per-month" must be a number/],
    ['a life of nothing', ['create', 'a', '--expires-in', '0'], /"--expires-in" must be/],
    ['an overlap that is too long', ['rotate', 'a', '--overlap', '31d'], /"--overlap" must be a time/],
    ['no key to rotate', ['rotate'], /say the name or the id/],
    ['no key to revoke', ['revoke'], /say the name or the id/],
    ['a word after list', ['list', 'a'], /"a" is one word too many/],
    ['an option of another action', ['list', '--scope', 'read'], /"list" takes no option "--scope"/],
    ['an option that is none', ['create', 'a', '--scopes', 'read'], /did you mean "--scope"\?/],
  ])('refuses %s with 2, and says what works', async (_case, words, complaint) => {
    const { code, stdout, stderr } = await runUpfile(['keys', ...words], { DATA_DIR: '/proc/nope' })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^upfile keys create\|list\|rotate\|revoke\|generate: /)
    expect(stderr).toMatch(complaint)
  })

  it('makes a key for ADMIN_KEYS without settings and without a database', async () => {
    const wrong = { DATA_DIR: '/proc/nope', PORT: 'x' }
    const [one, other] = await Promise.all([1, 2].map(() => runUpfile(['keys', 'generate'], wrong)))
    expect([one?.code, one?.stdout]).toEqual([0, expect.stringMatching(oneKey)])
    expect(one?.stderr).toContain('ADMIN_KEYS')
    expect(other?.stdout).not.toBe(one?.stdout)
    const json = JSON.parse((await runUpfile(['keys', 'generate', '--json'], wrong)).stdout)
    expect(json).toEqual({ id: idOf(json.key), key: expect.stringMatching(/^upfk_/) })
  })
})

describe('upfile keys, on a directory without data', () => {
  let parent: string
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'upfile-keys-'))
  })
  afterAll(() => rm(parent, { recursive: true, force: true, maxRetries: 5 }))

  it.each([['list'], ['rotate', 'me'], ['revoke', 'me']])('makes nothing to %s', async (...words) => {
    const { code, stderr } = await runUpfile(['keys', ...words], { DATA_DIR: join(parent, 'data') })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^upfile: DATA_DIR \S+ holds no data, /)])
    expect(await readdir(parent)).toEqual([])
  })

  it('makes the database for the first key', async () => {
    const env = { DATA_DIR: join(parent, 'data') }
    const { code, stdout, stderr } = await runUpfile(['keys', 'create', 'me', '--scope', 'admin'], env)
    expect([code, stdout]).toEqual([0, expect.stringMatching(oneKey)])
    expect(stderr).toContain(`in the database ${join(env.DATA_DIR, 'postgres')}`)
    const list = JSON.parse((await runUpfile(['keys', 'list', '--json'], env)).stdout)
    expect(list).toEqual([expect.objectContaining({ id: idOf(stdout), name: 'me', scopes: ['admin'] })])
  })
})
