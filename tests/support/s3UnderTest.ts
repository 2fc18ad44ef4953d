import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { expect } from '@jest/globals'
import type { S3ServerPlace } from './s3.ts'

/** Servers that are known not to do all that Amazon does. */
export type KnownServer = 'radosgw 16'

/** An S3 server, to be compared with the behaviour that our storage relies on. */
export interface S3UnderTest {
  readonly place: S3ServerPlace
  readonly client: S3Client
  readonly s3Bucket: string
}

/** One thing that S3 does or refuses. */
export interface S3Case {
  readonly what: string
  /** Prepares the object under the key of the case. */
  readonly given?: (s3: S3UnderTest, key: string) => Promise<unknown>
  readonly when: (s3: S3UnderTest, key: string) => Promise<unknown>
  /** How it ends at Amazon's: `done`, or the status and the code of the refusal. */
  readonly ends: string
  /** How it is known to end elsewhere. */
  readonly differs?: Readonly<Partial<Record<KnownServer, string>>>
}

/** A case with its sentence, and the end that is expected of this server. */
export function toTest(server: string, { ends, differs = {}, ...rest }: S3Case) {
  const known = Object.entries(differs).find(([name]) => name === server)
  const end = known?.[1] ?? ends
  const sentence = `${rest.what}: ${end}${known ? `, unlike Amazon's ${ends}` : ''}`
  return [sentence, { ...rest, end }] as const
}

/** Runs a case, and checks that a refusal changed nothing. */
export async function expectEnd(
  s3: S3UnderTest,
  { given, when, end }: Pick<S3Case, 'given' | 'when'> & { readonly end: string },
): Promise<void> {
  const key = newName()
  await given?.(s3, key)
  const before = await stateOf(s3, key)
  expect(await endOf(when(s3, key))).toBe(end)
  if (end !== 'done') expect(await stateOf(s3, key)).toEqual(before)
}

/** How a call ended: `done`, or the status and the code of the refusal. Of a fetch it takes the promise of the answer. */
export async function endOf(call: Promise<unknown>): Promise<string> {
  try {
    const answer = await call
    if (!(answer instanceof Response) || answer.ok) return 'done'
    const [, code = ''] = /<Code>([^<]*)<\/Code>/.exec(await answer.text()) ?? []
    return `${answer.status} ${code}`
  } catch (error) {
    const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name?: string }
    if ($metadata?.httpStatusCode === undefined) throw error
    return `${$metadata.httpStatusCode} ${name}`
  }
}

export const newName = () => `names/${randomBytes(8).toString('hex')}`

/** The headers of HEAD; undefined when there is no object. */
export async function stateOf({ client, s3Bucket: Bucket }: S3UnderTest, Key: string) {
  try {
    const { ETag, ContentLength } = await client.send(new HeadObjectCommand({ Bucket, Key }))
    return { ETag, ContentLength }
  } catch {
    return undefined
  }
}

export const put = (
  { client, s3Bucket: Bucket }: S3UnderTest,
  Key: string,
  Body: string | Buffer = 'there',
) => client.send(new PutObjectCommand({ Bucket, Key, Body }))

/** A client that tries everything once, and computes no checksum that it is not asked for. */
export const createTestClient = (
  { endpoint = '', region, forcePathStyle, credentials }: S3ServerPlace,
  config: S3ClientConfig = {},
): S3Client =>
  new S3Client({
    ...{ endpoint, region, forcePathStyle, maxAttempts: 1 },
    ...(credentials && { credentials }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...config,
  })

/** A bucket of one's own on a server. */
export async function createS3UnderTest(place: S3ServerPlace): Promise<S3UnderTest> {
  const client = createTestClient(place)
  const s3Bucket = `upfile-${randomBytes(8).toString('hex')}`
  await client.send(new CreateBucketCommand({ Bucket: s3Bucket }))
  return { place, client, s3Bucket }
}

/** A request of the SDK, as it can be changed. */
export interface Changeable {
  headers: Record<string, string>
  query: Record<string, unknown>
  path: string
  body?: unknown
}

/** Sends with a client whose requests are changed before they are signed, or after. */
export async function sendChanged<Answer>(
  { place }: S3UnderTest,
  { when, change }: { when: 'before signing' | 'after signing'; change: (request: Changeable) => void },
  send: (client: S3Client) => Promise<Answer>,
): Promise<Answer> {
  const client = createTestClient(place)
  const shape =
    <Args, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args) => {
      change((args as { request: Changeable }).request)
      return next(args)
    }
  const priority = 'low'
  if (when === 'before signing') client.middlewareStack.add(shape, { step: 'build', priority })
  else client.middlewareStack.add(shape, { step: 'finalizeRequest', priority })
  try {
    return await send(client)
  } finally {
    client.destroy()
  }
}
