import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { load } from 'js-yaml'
import { loadConfig } from '../../src/config.ts'
import { newCredential } from '../../src/runtime/credentialText.ts'

interface Service {
  readonly image: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[]
  readonly environment: Readonly<Record<string, string | number | null>>
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly tmpfs: readonly string[]
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly read_only: boolean
  readonly stop_grace_period: string
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const { services, volumes } = load(read('docker-compose.yml').replace(/\$\{\w+:-(\w*)\}/g, '$1')) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const { upfile, postgres, development, seaweedfs } = services as Record<
  'upfile' | 'postgres' | 'development' | 'seaweedfs',
  Service
>
const upfileS3 = services['upfile-s3'] as Service

/** The environment of the service: the image's variables, overwritten by those of the compose file. */
const configOf = ({ environment }: Service) =>
  loadConfig({
    HOST: '0.0.0.0',
    DATA_DIR: '/data',
    ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value ?? '')])),
  })

describe('docker-compose.yml', () => {
  it.each(Object.entries(services))('gives %s no more than it needs', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: expect.arrayContaining(['/tmp']),
    })
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  it.each(Object.entries(services))('names volumes and folders for %s that are there', (_name, service) => {
    for (const [source = ''] of service.volumes.map((volume) => volume.split(':'))) {
      expect([
        source,
        source.startsWith('.') ? existsSync(join(repository, source)) : source in volumes,
      ]).toEqual([source, true])
    }
  })

  it.each([
    ['upfile', upfile],
    ['development', development],
    ['upfile-s3', upfileS3],
  ])('keeps the data and the logs of %s on volumes, and lets it end in peace', (_name, service) => {
    const { dataDirectory, log, http, port } = configOf(service)
    const targets = service.volumes.map((volume) => volume.split(':')[1])
    expect(targets).toEqual(expect.arrayContaining([dataDirectory, log.directory]))
    expect(Number.parseInt(service.stop_grace_period, 10)).toBeGreaterThan(http.shutdownSeconds)
    expect(service.ports?.[0]?.split(':').at(-1)).toBe(String(port))
  })

  it('connects the service with a PostgreSQL that it waits for', () => {
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = postgres.environment
    expect(configOf(upfile).database).toMatchObject({
      kind: 'host',
      host: 'postgres',
      user: POSTGRES_USER,
      password: POSTGRES_PASSWORD,
      name: POSTGRES_DB,
    })
    expect(upfile.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
    expect(postgres.healthcheck?.test.join(' ')).toContain('pg_isready')
    expect([postgres.image, postgres.volumes]).toEqual(['postgres:18', ['database:/var/lib/postgresql']])
  })

  it.each([
    ['upfile', upfile],
    ['development', development],
    ['upfile-s3', upfileS3],
  ])('starts %s closed, and takes ADMIN_KEYS from .env', (name, service) => {
    const { environment, env_file } = service
    const filled = { ...service, environment: { ...environment, ADMIN_KEYS: newCredential('key').text } }
    expect(configOf(service).access).toEqual({ mode: 'on', adminKeys: [] })
    expect(configOf(filled).access.adminKeys).toHaveLength(1)
    const written = read('docker-compose.yml')
      .split(/^ {2}(?=\S+:$)/m)
      .find((part) => part.startsWith(`${name}:`))
    if (env_file) expect(environment).not.toHaveProperty('ADMIN_KEYS')
    else expect(written).toMatch(/ADMIN_KEYS: \$\{ADMIN_KEYS:-\}/)
  })

  it('stays with its own PostgreSQL when .env names another one', () => {
    const url = 'postgres://localhost/elsewhere'
    expect(configOf({ ...upfile, environment: { DATABASE_URL: url, ...upfile.environment } })).toEqual(
      configOf(upfile),
    )
  })

  it('sets what .env.example says it does, and takes the rest from .env', () => {
    const [, told = ''] = /docker-compose\.yml sets itself: ([^.]*)\./.exec(read('.env.example')) ?? []
    const names = told.match(/[A-Z_]{3,}/g) ?? []
    // The password is what .env says, for both services.
    expect([...names, 'DB_PASSWORD'].toSorted()).toEqual(Object.keys(upfile.environment).toSorted())
  })

  it('develops apart from everything else, and restarts at every change', () => {
    expect(development.profiles).toEqual(['development'])
    expect(configOf(development)).toMatchObject({
      environment: 'development',
      database: { kind: 'embedded' },
    })
    const mounted = development.volumes.filter((volume) => volume.startsWith('./'))
    const watched = (development.command ?? []).flatMap((word) => word.match(/^--watch-path=(.*)/)?.[1] ?? [])
    expect(mounted.toSorted()).toEqual(watched.map((path) => `./${path}:/app/${path}:ro`).toSorted())
  })

  it('connects the service with an S3 server that has made its bucket', () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_BUCKET } = seaweedfs.environment
    expect(configOf(upfileS3)).toMatchObject({
      storage: {
        kind: 's3',
        s3Bucket: S3_BUCKET,
        endpoint: 'http://seaweedfs:8333',
        publicEndpoint: 'http://localhost:8333',
        forcePathStyle: true,
        credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      },
      database: { kind: 'embedded' },
    })
    expect(seaweedfs.ports).toEqual(['127.0.0.1:8333:8333'])
    expect(upfileS3.depends_on).toEqual({ seaweedfs: { condition: 'service_healthy' } })
    expect(seaweedfs.healthcheck?.test.join(' ')).toContain(`/buckets/${S3_BUCKET}/`)
    expect(seaweedfs.image).toMatch(/^chrislusf\/seaweedfs:\d+\.\d+$/)
    expect([upfileS3.profiles, seaweedfs.profiles]).toEqual([['s3'], ['s3']])
  })

  it('gives every service a port of its own', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length)
  })

  it('uses settings that there are', () => {
    const used = [upfile, development, upfileS3].flatMap(({ environment }) => Object.keys(environment))
    const known = [...read('.env.example').matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name]) => name)
    expect(used.filter((name) => !known.includes(name))).toEqual([])
  })
})
