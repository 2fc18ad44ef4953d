import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import {
  type Changeable,
  createTestClient,
  put,
  type S3Case,
  type S3UnderTest,
  sendChanged,
} from '../support/s3UnderTest.ts'

/** Changes a signed PUT on its way. */
const changedAfterSigning =
  (change: (request: Changeable) => void): S3Case['when'] =>
  (s3, Key) => {
    const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, Body: 'hello', Metadata: { a: 'b' } })
    return sendChanged(s3, { when: 'after signing', change }, (client) => client.send(command))
  }

/** Sends a PUT with a client that is configured otherwise. */
const putBy =
  (config: (s3: S3UnderTest) => ConstructorParameters<typeof S3Client>[0]): S3Case['when'] =>
  async (s3, Key) => {
    const client = createTestClient(s3.place, config(s3))
    try {
      return await client.send(new PutObjectCommand({ Bucket: s3.s3Bucket, Key, Body: 'hello' }))
    } finally {
      client.destroy()
    }
  }

const keysOf = ({ place }: S3UnderTest) => ({ accessKeyId: '', secretAccessKey: '', ...place.credentials })
const minutes = 60_000
const doesNotMatch = '403 SignatureDoesNotMatch'

export const signatures: readonly S3Case[] = [
  { what: 'as the SDK makes it', when: changedAfterSigning(() => {}), ends: 'done' },
  {
    what: 'with a header that is signed changed',
    when: changedAfterSigning(({ headers }) => void Object.assign(headers, { 'x-amz-meta-a': 'c' })),
    ends: doesNotMatch,
  },
  {
    what: 'with a header that is signed taken away',
    when: changedAfterSigning(({ headers }) => void delete headers['x-amz-meta-a']),
    ends: doesNotMatch,
  },
  {
    what: 'with a header of Amazon added that is not signed',
    when: changedAfterSigning(({ headers }) => void Object.assign(headers, { 'x-amz-meta-b': 'c' })),
    ends: '403 AccessDenied',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'with another key in the path',
    when: changedAfterSigning((request) => {
      request.path += 'x'
    }),
    ends: doesNotMatch,
  },
  {
    what: 'with a parameter added',
    when: changedAfterSigning(({ query }) => void Object.assign(query, { 'x-amz-meta-b': 'c' })),
    ends: doesNotMatch,
  },
  {
    what: 'with a digit of the signature changed',
    when: changedAfterSigning(({ headers }) => {
      const { authorization = '' } = headers
      headers.authorization = authorization.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    }),
    ends: doesNotMatch,
  },
  {
    what: 'with another hash of the body said to be signed',
    when: changedAfterSigning(
      ({ headers }) => void Object.assign(headers, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    ),
    ends: doesNotMatch,
  },
  {
    what: 'not at all',
    when: changedAfterSigning(({ headers }) => void delete headers.authorization),
    ends: '403 AccessDenied',
  },
  {
    what: 'by another secret',
    when: putBy((s3) => ({ credentials: { ...keysOf(s3), secretAccessKey: 'another' } })),
    ends: doesNotMatch,
  },
  {
    what: 'by a key that nobody has',
    when: putBy((s3) => ({ credentials: { ...keysOf(s3), accessKeyId: 'another' } })),
    ends: '403 InvalidAccessKeyId',
  },
  {
    what: 'with a token of a role that the key has not',
    when: putBy((s3) => ({ credentials: { ...keysOf(s3), sessionToken: 'another' } })),
    ends: '400 InvalidToken',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'for another region',
    when: putBy(() => ({ region: 'eu-central-1' })),
    ends: '400 AuthorizationHeaderMalformed',
    differs: { 'radosgw 16': 'done' },
  },
  { what: '14 minutes ago', when: putBy(() => ({ systemClockOffset: -14 * minutes })), ends: 'done' },
  {
    what: '16 minutes ago',
    when: putBy(() => ({ systemClockOffset: -16 * minutes })),
    ends: '403 RequestTimeTooSkewed',
  },
  {
    what: 'in 16 minutes',
    when: putBy(() => ({ systemClockOffset: 16 * minutes })),
    ends: '403 RequestTimeTooSkewed',
  },
]

/** Names that are hard to encode the same way twice. */
export const oddNames = ["a b+c!*'()~%/é&=?#", 'a//b/../c', '\u{1f600}', '%41', 'a;b,c:d@e$f']

export const readOddName = async (
  { client, s3Bucket: Bucket, ...s3 }: S3UnderTest,
  Key: string,
): Promise<string> => {
  await put({ client, s3Bucket: Bucket, ...s3 }, Key, 'odd')
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return (await Body?.transformToString()) ?? ''
}
