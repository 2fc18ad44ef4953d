import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createCertificate } from '../support/certificate.ts'
import { createInstallation, type Installation } from '../support/childService.ts'
import { findPostgres } from '../support/postgres.ts'
import { startTlsDatabase, type TlsDatabase } from '../support/tlsDatabase.ts'

const certificates = {
  ours: createCertificate('127.0.0.1'),
  another: createCertificate('localhost'),
}

let installation: Installation
let databases: Readonly<Record<'ours' | 'another' | 'none', TlsDatabase>>
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  databases = {
    ours: await startTlsDatabase(certificates.ours),
    another: await startTlsDatabase(certificates.another),
    none: await startTlsDatabase(),
  }
})
afterAll(async () => {
  await Promise.all(Object.values(databases).map((database) => database.close()))
  await installation.remove()
})

/** A command that looks at the database, which is reached as DB_HOST and DB_SSL say. */
const look = (server: keyof typeof databases, settings: Readonly<Record<string, string>>) =>
  installation.run(['migrate', 'status'], {
    DATABASE_URL: '',
    DB_HOST: '127.0.0.1',
    DB_PORT: String(databases[server].port),
    DB_USER: findPostgres().user,
    DB_NAME: /\/(test_\w+)\?/.exec(installation.databaseUrl ?? '')?.[1] ?? '',
    ...settings,
  })

const verified = (name: keyof typeof certificates) => ({
  DB_SSL: 'verify-full',
  DB_SSL_CA: certificates[name].cert,
})

describe('A database behind TLS', () => {
  it.each([
    ['whoever it is, with DB_SSL=require', 'ours', { DB_SSL: 'require' }],
    ['also under another name, with DB_SSL=require', 'another', { DB_SSL: 'require' }],
    ['when DB_SSL_CA knows it, with DB_SSL=verify-full', 'ours', verified('ours')],
  ] as const)('is used, %s', async (_case, server, settings) => {
    const { code, stdout, stderr } = await look(server, settings)
    expect([code, stdout, stderr]).toEqual([0, expect.stringContaining('0001_files'), ''])
  })

  it.each([
    ['it insists on TLS, and DB_SSL says nothing', 'ours', {}, /no encryption/],
    ['nobody known has signed for it', 'ours', { DB_SSL: 'verify-full' }, /self-signed certificate/],
    ['DB_SSL_CA knows somebody else', 'ours', verified('another'), /self-signed certificate/],
    ['its certificate is for another host', 'another', verified('another'), /does not match certificate/],
    ['it has no TLS', 'none', { DB_SSL: 'require' }, /does not support SSL/],
  ] as const)('is refused when %s, with the settings to look at', async (_case, server, settings, reason) => {
    const { code, stderr } = await look(server, settings)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^upfile: The database cannot be reached \(check DB_SSL and DB_SSL_CA, or sslmode/)
    expect(stderr).toMatch(reason)
  })
})
