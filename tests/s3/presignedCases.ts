import { type GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createTestClient, put, type S3Case, type S3UnderTest } from '../support/s3UnderTest.ts'

interface Presigned {
  readonly seconds?: number
  /** How far the signer's clock is off. */
  readonly clockMilliseconds?: number
  readonly signed?: readonly string[]
  readonly unhoistable?: readonly string[]
}

/** A signed URL, with which everyone may execute the command. */
export async function presign(
  { place }: S3UnderTest,
  command: GetObjectCommand | PutObjectCommand,
  { seconds = 60, clockMilliseconds = 0, signed = [], unhoistable = [] }: Presigned = {},
): Promise<string> {
  const client = createTestClient(place)
  try {
    return await getSignedUrl(client, command, {
      expiresIn: seconds,
      signingDate: new Date(Date.now() + clockMilliseconds),
      signableHeaders: new Set(signed),
      unhoistableHeaders: new Set(unhoistable),
    })
  } finally {
    client.destroy()
  }
}

interface Sending {
  readonly body?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly change?: (url: URL) => void
}

const type = 'text/plain'

/** Sends a PUT that was signed for five bytes of plain text. */
const putSigned =
  (
    { body = 'hello', method = 'PUT', headers = { 'content-type': type }, change = () => {} }: Sending,
    options: Presigned = {},
  ): S3Case['when'] =>
  async (s3, Key) => {
    const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, ContentType: type, ContentLength: 5 })
    const url = new URL(
      await presign(s3, command, { signed: ['content-type', 'content-length', 'host'], ...options }),
    )
    change(url)
    return await fetch(url, { method, headers, ...(method !== 'GET' && { body }) })
  }

const doesNotMatch = '403 SignatureDoesNotMatch'
const minutes = 60_000

export const presignedPuts: readonly S3Case[] = [
  { what: 'what was signed', when: putSigned({}), ends: 'done' },
  { what: 'more bytes', when: putSigned({ body: 'hello!' }), ends: doesNotMatch },
  { what: 'fewer bytes', when: putSigned({ body: 'hell' }), ends: doesNotMatch },
  { what: 'another type', when: putSigned({ headers: { 'content-type': 'text/html' } }), ends: doesNotMatch },
  {
    what: 'metadata that is not signed',
    when: putSigned({ headers: { 'content-type': type, 'x-amz-meta-a': 'b' } }),
    ends: '403 AccessDenied',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a rule of access that is not signed',
    when: putSigned({ headers: { 'content-type': type, 'x-amz-acl': 'public-read' } }),
    ends: '403 AccessDenied',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'another object as its source that is not signed',
    given: (s3) => put(s3, 'secret', 'secret'),
    when: (s3, key) => {
      const headers = { 'content-type': type, 'x-amz-copy-source': `/${s3.s3Bucket}/secret` }
      return putSigned({ headers })(s3, key)
    },
    ends: '403 AccessDenied',
    // With such a URL a client can read every object that the signer may read, if it knows the name.
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'metadata added to its parameters',
    when: putSigned({ change: ({ searchParams }) => searchParams.set('x-amz-meta-a', 'b') }),
    ends: doesNotMatch,
  },
  {
    what: 'another key',
    when: putSigned({
      change: (url) => {
        url.pathname += 'x'
      },
    }),
    ends: doesNotMatch,
  },
  { what: 'another method', when: putSigned({ method: 'GET' }), ends: doesNotMatch },
  {
    what: 'a longer life than was signed',
    when: putSigned({ change: ({ searchParams }) => searchParams.set('X-Amz-Expires', '600') }),
    ends: doesNotMatch,
  },
  {
    what: 'a life of more than a week',
    when: putSigned({ change: ({ searchParams }) => searchParams.set('X-Amz-Expires', '604801') }),
    ends: '400 AuthorizationQueryParametersError',
    differs: { 'radosgw 16': '403 AccessDenied' },
  },
  {
    what: 'no signature',
    when: putSigned({ change: ({ searchParams }) => searchParams.delete('X-Amz-Signature') }),
    ends: '400 AuthorizationQueryParametersError',
    differs: { 'radosgw 16': '403 AccessDenied' },
  },
  {
    what: 'a signature that has expired',
    when: putSigned({}, { clockMilliseconds: -2 * minutes }),
    ends: '403 AccessDenied',
  },
  {
    what: 'a signature of the future',
    when: putSigned({}, { clockMilliseconds: 20 * minutes }),
    ends: '403 AccessDenied',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a signature in its headers besides',
    when: putSigned({ headers: { 'content-type': type, authorization: 'AWS4-HMAC-SHA256 Credential=x' } }),
    ends: '400 InvalidArgument',
  },
]

const onlyNew = { unhoistable: ['if-none-match'], signed: ['if-none-match', 'host'] }

async function putOnlyNew(s3: S3UnderTest, Key: string, headers: Readonly<Record<string, string>>) {
  const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, IfNoneMatch: '*' })
  return await fetch(await presign(s3, command, onlyNew), { method: 'PUT', body: 'hello', headers })
}

export const presignedConditions: readonly S3Case[] = [
  {
    what: 'where nothing is',
    when: (s3, key) => putOnlyNew(s3, key, { 'if-none-match': '*' }),
    ends: 'done',
  },
  {
    what: 'where something is',
    given: (s3, key) => put(s3, key),
    when: (s3, key) => putOnlyNew(s3, key, { 'if-none-match': '*' }),
    ends: '412 PreconditionFailed',
  },
  {
    what: 'by somebody who leaves the condition out',
    given: (s3, key) => put(s3, key),
    when: (s3, key) => putOnlyNew(s3, key, {}),
    ends: doesNotMatch,
  },
]
