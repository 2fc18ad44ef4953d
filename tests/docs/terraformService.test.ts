import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../src/config.ts'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { type Block, type Configuration, expression, loadTerraform } from '../support/terraform.ts'

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')

let terraform: Configuration
let locals: Block
beforeAll(async () => {
  terraform = await loadTerraform()
  locals = Object.assign({}, ...terraform.locals)
})

const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted()
const one = (kind: 'resource' | 'data', type: string, name: string): Block => {
  const [block] = terraform[kind][type]?.[name] ?? []
  expect(block).toBeDefined()
  return block ?? {}
}

describe("the service's task", () => {
  it('is told settings that there are, and its secrets by Secrets Manager alone', () => {
    const known = [...read('.env.example').matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name]) => name)
    const { environment, secrets } = locals as Readonly<Record<string, Block>>
    const told = [...Object.keys(environment ?? {}), ...Object.keys(secrets ?? {})]
    expect(told.filter((name) => !known.includes(name))).toEqual([])
    expect(secrets).toEqual({
      ADMIN_KEYS: expect.stringContaining('aws_secretsmanager_secret.admin_keys.'),
      DB_PASSWORD: expect.stringContaining('aws_secretsmanager_secret.database_password.'),
    })
    expect(Object.keys(environment ?? {}).filter((name) => /PASSWORD|SECRET|_KEY/.test(name))).toEqual([])
    const { statement } = one('data', 'aws_iam_policy_document', 'execution') as { statement: unknown }
    for (const name of ['admin_keys', 'database_password'])
      expect(JSON.stringify(statement)).toContain(`aws_secretsmanager_secret.${name}.arn`)
  })

  it('starts with them: on S3 by its role, with a database over TLS, behind one proxy', () => {
    const filled = {
      'local.port': '8000',
      'var.region': 'eu-central-1',
      'aws_s3_bucket.files.bucket': 'files',
      'aws_db_instance.database.address': 'database.example.com',
      'aws_db_instance.database.port': '5432',
    }
    const entries = Object.entries(locals.environment as Block).map(([name, value]) => {
      const expression = /^\$\{(.*)\}$/s.exec(String(value))?.[1]
      if (expression === undefined) return [name, String(value)]
      return [name, Object.entries(filled).find(([from]) => from === expression)?.[1] ?? '']
    })
    expect(loadConfig({ ...Object.fromEntries(entries), DB_SSL: 'require' })).toMatchObject({
      host: '0.0.0.0',
      environment: 'production',
      storage: { kind: 's3', s3Bucket: 'files', region: 'eu-central-1', credentials: undefined },
      database: { kind: 'host', host: 'database.example.com', tls: { mode: 'require' } },
      http: { trustedProxies: 1 },
    })
  })

  it('is closed: its keys are of the form that the service takes, one or two', () => {
    const { AUTH, ADMIN_KEYS, ...environment } = locals.environment as Block
    expect([AUTH, ADMIN_KEYS, environment.HOST]).toEqual([undefined, undefined, '0.0.0.0'])
    const { validation } = terraform.variable.admin_keys?.[0] ?? {}
    const [, pattern = ''] = /regex\(\\"(.*?)\\"/.exec(JSON.stringify(validation)) ?? []
    const keys = [1, 2, 3].map(() => newCredential('key').text)
    const taken = [keys.slice(0, 1), keys.slice(0, 2), keys, []].map((some) =>
      new RegExp(pattern).test(some.join(',')),
    )
    expect(taken).toEqual([true, true, false, false])
  })

  it('may do in S3 what the code does, and nothing else; docs/s3.md gives the same rights', () => {
    const calls = readdirSync(join(repository, 'src/storage/s3')).flatMap((name) =>
      [...read(`src/storage/s3/${name}`).matchAll(/\bnew (\w+)Command\(/g)].map(([, call]) => String(call)),
    )
    expect(calls.length).toBeGreaterThan(8)
    // Without this right, AWS answers a HEAD of a missing object with 403 instead of 404.
    const needed = sorted(['s3:ListBucket', ...calls.flatMap((call) => rights[call] ?? [`unknown: ${call}`])])
    const { statement } = one('data', 'aws_iam_policy_document', 'task') as {
      statement: readonly { actions: readonly string[]; resources: readonly string[] }[]
    }
    expect(sorted(statement.flatMap(({ actions }) => actions))).toEqual(needed)
    for (const { actions, resources } of statement) {
      const onBucket = actions.every((action) => /:List(Bucket|BucketMultipartUploads)$/.test(action))
      expect(resources).toEqual([
        onBucket
          ? expression('aws_s3_bucket.files.arn')
          : `${expression('aws_s3_bucket.files.arn')}/${expression('var.s3_prefix')}*`,
      ])
    }
    const [, policy = '{}'] = /```json\n(\{\s+"Version"[^`]*)```/.exec(read('docs/s3.md')) ?? []
    const { Statement }: { Statement: readonly { Action: readonly string[] }[] } = JSON.parse(policy)
    expect(sorted(Statement.flatMap(({ Action }) => Action))).toEqual(needed)
  })
})

/** The rights that AWS asks for before it executes a call. The calls that write an upload in parts share one right. */
const rights: Readonly<Record<string, readonly string[]>> = {
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  CompleteMultipartUpload: ['s3:PutObject'],
  CopyObject: ['s3:GetObject', 's3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  DeleteObject: ['s3:DeleteObject'],
  DeleteObjects: ['s3:DeleteObject'],
  GetObject: ['s3:GetObject'],
  HeadBucket: ['s3:ListBucket'],
  HeadObject: ['s3:GetObject'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  ListObjectsV2: ['s3:ListBucket'],
  ListParts: ['s3:ListMultipartUploadParts'],
  PutObject: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  UploadPartCopy: ['s3:GetObject', 's3:PutObject'],
}

describe('the bucket', () => {
  it('is closed, encrypted, and forgets uploads that nobody ended', () => {
    expect(one('resource', 'aws_s3_bucket_public_access_block', 'files')).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    })
    expect(JSON.stringify(one('data', 'aws_iam_policy_document', 'bucket'))).toContain('aws:SecureTransport')
    const { rule } = one('resource', 'aws_s3_bucket_lifecycle_configuration', 'files')
    expect(rule).toEqual([
      {
        id: 'abort-stale-uploads',
        status: 'Enabled',
        filter: [{}],
        abort_incomplete_multipart_upload: [
          { days_after_initiation: expression('var.abort_uploads_after_days') },
        ],
      },
    ])
  })

  it('lets pages of the given origins upload in parts', () => {
    expect(one('resource', 'aws_s3_bucket_cors_configuration', 'files').cors_rule).toMatchObject([
      {
        allowed_origins: expression('var.cors_origins'),
        allowed_methods: ['GET', 'PUT', 'POST', 'HEAD'],
        expose_headers: ['ETag', 'Location'],
      },
    ])
  })
})

describe('the load balancer', () => {
  it('has no public address unless told so, and then a certificate, since keys would cross in the clear', () => {
    expect(one('resource', 'aws_lb', 'service').internal).toBe(expression('!var.internet_facing'))
    expect(terraform.variable.internet_facing?.[0].default).toBe(false)
    expect(terraform.variable.internet_facing?.[0].validation).toContainEqual(
      expect.objectContaining({
        condition: expression('!var.internet_facing || var.certificate_arn != null'),
      }),
    )
  })

  it('waits for what S3 may take, and hangs up before the service does', () => {
    const [, seconds] = /COMPLETE_SECONDS = (\d+)/.exec(read('src/storage/s3/putParts.ts')) ?? []
    expect(locals.idle_seconds).toBeGreaterThan(Number(seconds))
    expect(one('resource', 'aws_lb', 'service').idle_timeout).toBe(expression('local.idle_seconds'))
    expect((locals.environment as Block).KEEP_ALIVE_SECONDS).toBe(expression('local.idle_seconds + 10'))
  })
})
