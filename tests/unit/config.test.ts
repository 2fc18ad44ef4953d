import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { AccessConfig } from '../../src/config/access.ts'
import { moveTo } from '../../src/config/storage.ts'
import { loadConfig } from '../../src/config.ts'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { createCertificate } from '../support/certificate.ts'

/** The lines of the complaint about an environment; none when it is taken. */
function mistakes(env: Record<string, string>): string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    const [title, ...lines] = (error as Error).message.split('\n')
    expect(title).toBe('Invalid configuration:')
    return lines.map((line) => line.replace(/^- /, ''))
  }
}

const wrong: readonly [name: string, value: string][] = [
  ['ENVIRONMENT', 'prod'],
  ['HOST', 'localhost:8000'],
  ['AUTH', 'none'],
  ['ADMIN_KEYS', 'upfk_no'],
  ['DB_TYPE', 'mysql'],
  ['STORAGE', 'disk'],
  ['STORAGE_FROM', 'volume'],
  ['PORT', '65536'],
  ['WORKERS', '65'],
  ['LOG_LEVEL', 'verbose'],
  ['MAX_FILE_SIZE', '5MB'],
  ['ALLOWED_TYPES', 'image/png, png'],
  ['RESERVED_FREE_BYTES', '-1'],
  ['MAX_CONNECTIONS', '0'],
  ['DB_POOL_SIZE', '1'],
  ['DB_PREPARE', 'no'],
  ['LEASE_SECONDS', '2'],
  ['READ_GRACE_SECONDS', '1e3'],
  ['ORPHAN_HOLD_SECONDS', '31536001'],
  ['DELETED_RETENTION_SECONDS', '1.5'],
  ['SCRUB_AFTER_SECONDS', '0'],
  ['MAINTENANCE_INTERVAL_SECONDS', 'often'],
  ['SCAN_SECONDS', ' 60'],
  ['SESSION_SECONDS', '0'],
  ['PUBLIC_URL', 'files.example.com'],
  ['TRUSTED_PROXIES', 'true'],
  ['CORS_ORIGINS', 'https://example.com/'],
  ['VALIDATE_RESPONSES', '1'],
  ['SHUTDOWN_SECONDS', '３０'],
  ['MINIMUM_BYTES_PER_SECOND', '+1'],
  ['STALL_SECONDS', '0x10'],
  ['KEEP_ALIVE_SECONDS', '0'],
  ['DATABASE_URL', 'mysql://upfile:hunter2@db/upfile'],
]

describe('loadConfig', () => {
  it('needs nothing', () => {
    const config = loadConfig({})
    expect(config).toMatchObject({
      environment: 'development',
      host: '127.0.0.1',
      port: 8000,
      dataDirectory: resolve('data'),
      database: { kind: 'embedded' },
      log: { level: 'info', directory: undefined },
      http: { publicUrl: undefined, trustedProxies: 0, corsOrigins: [], validateResponses: true },
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it.each(wrong)('names %s when it is "%s"', (name, value) => {
    expect(mistakes({ [name]: value })).toEqual([expect.stringContaining(name)])
  })

  it('names every wrong setting at once', () => {
    const all = Object.fromEntries(wrong)
    const complaints = mistakes(all)
    expect(complaints).toHaveLength(wrong.length)
    for (const name of Object.keys(all)) expect(complaints.join('\n')).toContain(name)
  })

  it.each([
    ['MAX_FILESIZE', 'MAX_FILE_SIZE'],
    ['PROT', 'PORT'],
    ['port', 'PORT'],
    ['UPFILE_PORT', 'PORT'],
    ['DATA-DIR', 'DATA_DIR'],
    ['DB_PASS', 'DB_PASSWORD'],
    ['DB_USERNAME', 'DB_USER'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['LINK_SECRET', 'LINK_SECRETS'],
    ['ALLOWED_ORIGINS', 'ALLOW_ORIGINS'],
    ['AWS_S3_BUCKET', 'AWS_S3_BUCKET_NAME'],
    ['AWS_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('warns of %s, which it ignores, and names %s', (name, meant) => {
    expect(loadConfig({ [name]: 'hunter2' }).warnings).toEqual([
      `${name} is no setting and is ignored: did you mean ${meant}?`,
    ])
  })

  it.each([
    ['PATH', '/bin'],
    ['HOME', '/root'],
    ['HOSTNAME', 'a'],
    ['LOGNAME', 'a'],
    ['PGHOST', 'a'],
    ['PGPORT', '1'],
    ['NODE_ENV', 'production'],
    ['AWS_PROFILE', 'a'],
    ['AWS_ENDPOINT_URL_S3', 'http://a'],
    ['AWS_ROLE_ARN', 'a'],
    ['STORAGE_CLASS', 'a'],
    ['UPFILE_PORT', 'tcp://10.0.0.1:8000'],
    ['DB_SERVICE_HOST', '10.0.0.1'],
    ['DB_PORT_5432_TCP_ADDR', '10.0.0.1'],
    ['PROT', ''],
  ])('does not warn of %s="%s"', (name, value) => {
    expect(loadConfig({ [name]: value }).warnings).toEqual([])
  })

  it('takes an empty setting for an absent one, as in an .env file that lists all names', () => {
    const empty = Object.fromEntries(wrong.map(([name]) => [name, '']))
    expect(loadConfig({ ...empty, DB_HOST: '', LOG_DIR: '' })).toEqual(loadConfig({}))
    expect(loadConfig({ CORS_ORIGINS: '', ALLOW_ORIGINS: 'https://a.example' }).http.corsOrigins).toEqual([
      'https://a.example',
    ])
  })

  it('never repeats a password', () => {
    const secrets = { DATABASE_URL: 'mysql://u:hunter2@db', DB_PASSWORD: 'hunter2', PORT: 'x' }
    expect(mistakes(secrets).join()).not.toContain('hunter2')
  })

  it.each([
    [
      'DATABASE_URL',
      { DATABASE_URL: 'postgres://u:p@db/x', DB_HOST: 'other' },
      { kind: 'url', url: 'postgres://u:p@db/x' },
    ],
    [
      'DB_HOST',
      { DB_HOST: 'db', DB_PORT: '6432', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'n' },
      { kind: 'host', host: 'db', port: 6432, user: 'u', password: 'p', name: 'n' },
    ],
    [
      'DB_HOST alone',
      { DB_HOST: 'db' },
      { kind: 'host', port: 5432, user: 'upfile', password: '', name: 'upfile' },
    ],
  ])('finds the database that %s names', (_case, env, database) => {
    expect(loadConfig(env).database).toMatchObject(database)
  })

  it.each([
    ['volume', 's3'],
    ['s3', 'volume'],
  ])('takes STORAGE=%s and STORAGE_FROM=%s, and judges the settings of S3', (STORAGE, STORAGE_FROM) => {
    const s3 = { AWS_S3_BUCKET_NAME: 'files', AWS_S3_REGION: 'eu-central-1' }
    const { storage, storageFrom } = loadConfig({ STORAGE, STORAGE_FROM, ...s3 })
    expect([storage.kind, storageFrom?.kind]).toEqual([STORAGE, STORAGE_FROM])
    expect([storage, storageFrom]).toContainEqual(expect.objectContaining({ s3Bucket: 'files' }))
    expect(mistakes({ STORAGE, STORAGE_FROM })).toEqual([
      expect.stringContaining('AWS_S3_REGION'),
      expect.stringContaining('AWS_S3_BUCKET_NAME'),
    ])
  })

  it('names a STORAGE_FROM that is the same as STORAGE, or none', () => {
    for (const STORAGE_FROM of ['s3', 'disk', 'S3']) {
      const s3 = { STORAGE: 's3', AWS_S3_BUCKET_NAME: 'files', AWS_S3_REGION: 'eu-central-1' }
      expect(mistakes({ ...s3, STORAGE_FROM })).toEqual([expect.stringContaining(`not "${STORAGE_FROM}"`)])
    }
  })

  it('names a wrong DB_PORT', () => {
    expect(mistakes({ DB_HOST: 'db', DB_PORT: '0' })).toEqual([expect.stringContaining('DB_PORT')])
  })

  it.each([
    ['DB_SSL', { DB_SSL: 'on' }],
    ['DB_SSL_CA', { DB_SSL: 'verify-full', DB_SSL_CA: '/etc/ssl/database.pem' }],
    ['DB_SSL=verify-full', { DB_SSL_CA: createCertificate('db').cert }],
  ])('names a wrong %s', (name, env) => {
    expect(mistakes({ DB_HOST: 'db', ...env })).toEqual([expect.stringContaining(name)])
  })

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.1.2.3', '127.1.2.3'],
    ['localhost', 'localhost'],
    ['LOCALHOST', 'LOCALHOST'],
    ['::1', '::1'],
    ['[::1]', '::1'],
  ])('listens on %s without access keys', (given, host) => {
    expect(loadConfig({ HOST: given }).host).toBe(host)
  })

  it.each([
    'http://localhost',
    'localhost:8000',
    '127.0.0.1:8000',
    '[::1]:8000',
    '[localhost',
    'a/b',
    ' ',
    '*',
  ])('says of HOST "%s" once what works', (given) => {
    expect(mistakes({ HOST: given })).toEqual([
      `HOST must be an address or a name without scheme and port, as 127.0.0.1, not "${given}"`,
    ])
  })

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.com',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '128.0.0.1',
  ])('is closed on %s unless AUTH=off says otherwise', (host) => {
    expect(loadConfig({ HOST: host }).access.mode).toBe('on')
    expect(loadConfig({ HOST: host, AUTH: 'off' }).access.mode).toBe('off')
  })

  it.each<[AccessConfig['mode'], Record<string, string>]>([
    ['until-first-key', {}],
    ['until-first-key', { HOST: 'localhost', PUBLIC_URL: 'http://localhost:9000' }],
    ['until-first-key', { HOST: '::1', PUBLIC_URL: 'http://[::1]:9000' }],
    ['on', { PUBLIC_URL: 'https://files.example.com' }],
    ['on', { TRUSTED_PROXIES: '1' }],
    ['on', { ADMIN_KEYS: newCredential('key').text }],
    ['on', { JWT_SECRET: 'x'.repeat(32), JWT_ISSUER: '*', JWT_AUDIENCE: '*' }],
    ['on', { AUTH: 'on' }],
    ['off', { AUTH: 'off', ADMIN_KEYS: newCredential('key').text }],
  ])('is %s with %j', (mode, settings) => {
    expect(loadConfig(settings).access.mode).toBe(mode)
  })

  it('takes one or two admin keys, and shows none that is wrong', () => {
    const keys = [1, 2, 3].map(() => newCredential('key'))
    const texts = keys.map(({ text }) => text)
    expect(loadConfig({ ADMIN_KEYS: texts.slice(0, 2).join(', ') }).access.adminKeys).toEqual(
      keys.slice(0, 2).map(({ kind, id, hash }) => ({ kind, id, hash })),
    )
    const [first = ''] = texts
    for (const wrongKeys of [texts.join(), `${first.slice(0, -1)}!`, `${first},secret`])
      expect(mistakes({ ADMIN_KEYS: wrongKeys })).toEqual([
        'ADMIN_KEYS must be one or two access keys with a comma between them: `upfile keys generate` makes one',
      ])
  })

  it.each([
    ['https://files.example.com', 'https://files.example.com'],
    ['https://files.example.com/', 'https://files.example.com'],
    ['http://files.example.com:8080/below/', 'http://files.example.com:8080/below'],
  ])('takes %s as PUBLIC_URL', (given, base) => {
    expect(loadConfig({ PUBLIC_URL: given }).http.publicUrl).toBe(base)
  })

  it.each([
    'ftp://files.example.com',
    'javascript:alert(1)',
    'https://files.example.com/?a=b',
    'https://files.example.com/#a',
    '//files.example.com',
    '/files',
    'https://',
  ])('refuses %s as PUBLIC_URL', (given) => {
    expect(mistakes({ PUBLIC_URL: given })).toHaveLength(1)
  })

  it.each([
    'https://u:hunter2@a.example',
    'https://hunter2@a.example',
    'ftp://:hunter2@a',
    '//u:hunter2@a.example',
    'user:hunter2@a.example',
    'u:hunter2@host/x',
    'http:\\\\u:hunter2@a b',
  ])('refuses %s as an address, and shows no password', (given) => {
    for (const name of ['PUBLIC_URL', 'HOST', 'ALLOWED_HOSTS', 'CORS_ORIGINS'])
      expect(mistakes({ [name]: given })).toEqual([expect.not.stringContaining('hunter2')])
  })

  it('puts no line break of PUBLIC_URL into an address', () => {
    expect(loadConfig({ PUBLIC_URL: 'https://files.example.com/a\r\nb' }).http.publicUrl).toBe(
      'https://files.example.com/ab',
    )
  })

  it('takes origins exactly as browsers send them', () => {
    const web = ['https://a.example', 'http://localhost:3000', 'http://[::1]:8080']
    const apps = ['capacitor://localhost', 'chrome-extension://abcdefghijklmnop', 'tauri://localhost']
    const origins = [...web, ...apps, '*']
    expect(loadConfig({ CORS_ORIGINS: origins.join(' , ') }).http.corsOrigins).toEqual(origins)
  })

  it.each([
    'https://A.example',
    'https://a.example:443',
    'https://a.example/',
    'https://a.example/path',
    'https://*.a.example',
    'a.example',
    'null',
    'file:///x',
    'capacitor://localhost/',
    'capacitor:localhost',
    'https://a.example?ok',
  ])('refuses %s as an origin', (origin) => {
    expect(mistakes({ CORS_ORIGINS: `https://ok.example,${origin}` })).toEqual([
      expect.stringContaining(`"${origin}"`),
    ])
  })

  it.each([
    'https://A.example',
    'https://a.example:443',
    'https://a.example/',
    'https://a.example/path?ok',
    'HTTPS://a.example',
  ])('says how browsers send the origin %s', (origin) => {
    expect(mistakes({ CORS_ORIGINS: origin })).toEqual([
      `CORS_ORIGINS cannot hold "${origin}": browsers send it as https://a.example`,
    ])
  })

  it('says how an origin looks that has no scheme', () => {
    expect(mistakes({ CORS_ORIGINS: 'localhost:3000' })).toEqual([
      'CORS_ORIGINS cannot hold "localhost:3000": an origin is a scheme, a host and perhaps a port, as http://localhost:3000; * allows all',
    ])
  })

  it('takes whole numbers within their bounds and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), (text) => {
        const taken = mistakes({ PORT: text }).length === 0
        expect(taken).toBe(text === '' || (/^\d{1,16}$/.test(text) && Number(text) <= 65_535))
      }),
    )
  })
})

describe('The settings of a move', () => {
  it.each([
    ['s3', {}, 'volume'],
    ['volume', {}, 's3'],
    ['s3', { STORAGE: 's3', STORAGE_FROM: 'volume' }, 'volume'],
    ['volume', { STORAGE: 's3' }, 's3'],
    ['volume', { STORAGE: 'disk' }, 's3'],
  ] as const)('lead to %s with %j from %s', (to, env, from) => {
    expect(moveTo(to)(env)).toEqual({ STORAGE: to, STORAGE_FROM: from })
  })
})
