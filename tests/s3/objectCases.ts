import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  type Changeable,
  createTestClient,
  put,
  type S3Case,
  type S3UnderTest,
  sendChanged,
} from '../support/s3UnderTest.ts'

type Input = Partial<ConstructorParameters<typeof PutObjectCommand>[0]>

const putWith =
  (input: Input): S3Case['when'] =>
  ({ client, s3Bucket: Bucket }, Key) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'hello', ...input }))

const there = (s3: S3UnderTest, key: string) => put(s3, key)
const failedCondition = '412 PreconditionFailed'

export const conditionalWrites: readonly S3Case[] = [
  { what: 'If-None-Match: * where nothing is', when: putWith({ IfNoneMatch: '*' }), ends: 'done' },
  {
    what: 'If-None-Match: * where something is',
    given: there,
    when: putWith({ IfNoneMatch: '*' }),
    ends: failedCondition,
  },
  {
    what: 'If-Match with the ETag of another',
    given: there,
    when: putWith({ IfMatch: `"${'0'.repeat(32)}"` }),
    ends: failedCondition,
  },
  {
    what: 'If-Match with the ETag of what is there',
    given: there,
    when: async (s3, key) => putWith({ IfMatch: (await put(s3, key)).ETag })(s3, key),
    ends: 'done',
    differs: { 'radosgw 16': '412 PreconditionFailed' },
  },
]

/** A body as `aws-chunked`, whose trailer states this CRC-32. */
const withTrailer =
  (crc32: string, bytes = 'hello', length = bytes.length): S3Case['when'] =>
  (s3, Key) => {
    const body = `${bytes.length.toString(16)}\r\n${bytes}\r\n0\r\nx-amz-checksum-crc32:${crc32}\r\n\r\n`
    const headers = {
      'content-encoding': 'aws-chunked',
      'content-length': String(body.length),
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': String(length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    }
    const change = (request: Changeable) => {
      request.body = body
      Object.assign(request.headers, headers)
    }
    const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, Body: 'x' })
    return sendChanged(s3, { when: 'before signing', change }, (client) => client.send(command))
  }

const wrongMd5 = Buffer.alloc(16).toString('base64')
const helloCrc32 = 'NhCmhg=='
const helloSha256 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='

export const proofs: readonly S3Case[] = [
  { what: 'the right MD5', when: putWith({ ContentMD5: 'XUFAKrxLKna5cZ2REBfFkg==' }), ends: 'done' },
  { what: 'another MD5', when: putWith({ ContentMD5: wrongMd5 }), ends: '400 BadDigest' },
  { what: 'an MD5 that is none', when: putWith({ ContentMD5: 'AAAA' }), ends: '400 InvalidDigest' },
  { what: 'the right CRC-32', when: putWith({ ChecksumCRC32: helloCrc32 }), ends: 'done' },
  {
    what: 'another CRC-32',
    when: putWith({ ChecksumCRC32: 'AAAAAA==' }),
    ends: '400 BadDigest',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a CRC-32 that is none',
    when: putWith({ ChecksumCRC32: 'AA' }),
    ends: '400 InvalidRequest',
    differs: { 'radosgw 16': 'done' },
  },
  { what: 'the right SHA-256', when: putWith({ ChecksumSHA256: helloSha256 }), ends: 'done' },
  {
    what: 'another SHA-256',
    when: putWith({ ChecksumSHA256: Buffer.alloc(32).toString('base64') }),
    ends: '400 BadDigest',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'two checksums',
    when: putWith({ ChecksumCRC32: helloCrc32, ChecksumSHA256: helloSha256 }),
    ends: '400 InvalidRequest',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'the right CRC-32 in a trailer',
    when: withTrailer(helloCrc32),
    ends: 'done',
    differs: { 'radosgw 16': '400 XAmzContentSHA256Mismatch' },
  },
  {
    what: 'another CRC-32 in a trailer',
    when: withTrailer('AAAAAA=='),
    ends: '400 BadDigest',
    differs: { 'radosgw 16': '400 XAmzContentSHA256Mismatch' },
  },
  {
    what: 'fewer bytes in chunks than announced',
    when: withTrailer(helloCrc32, 'hello', 6),
    ends: '400 IncompleteBody',
    differs: { 'radosgw 16': '400 XAmzContentSHA256Mismatch' },
  },
  {
    what: 'a stream that the SDK sends in chunks with a trailer',
    when: ({ place, s3Bucket: Bucket }, Key) => {
      const modern = createTestClient(place, { requestChecksumCalculation: 'WHEN_SUPPORTED' })
      const Body = Readable.from([Buffer.from('hello')])
      const command = new PutObjectCommand({ Bucket, Key, Body, ContentLength: 5 })
      return modern.send(command).finally(() => modern.destroy())
    },
    ends: 'done',
    differs: { 'radosgw 16': '411 MissingContentLength' },
  },
  {
    what: 'bytes that are not those whose SHA-256 was signed',
    when: (s3, Key) => {
      const change = (request: Changeable) => {
        request.body = 'jello'
      }
      const command = new PutObjectCommand({ Bucket: s3.s3Bucket, Key, Body: 'hello' })
      return sendChanged(s3, { when: 'after signing', change }, (client) => client.send(command))
    },
    ends: '400 XAmzContentSHA256Mismatch',
  },
  {
    what: 'DeleteObjects without a checksum',
    given: there,
    when: (s3, Key) => {
      const change = ({ headers }: Changeable) => {
        for (const name of Object.keys(headers))
          if (/^content-md5$|^x-amz-(checksum|sdk-checksum)-/.test(name)) delete headers[name]
      }
      const command = new DeleteObjectsCommand({ Bucket: s3.s3Bucket, Delete: { Objects: [{ Key }] } })
      return sendChanged(s3, { when: 'before signing', change }, (client) => client.send(command))
    },
    ends: '400 InvalidRequest',
    differs: { 'radosgw 16': 'done' },
  },
]

const sourceTag = `"${hash('md5', 'source')}"`

const copyWith =
  (input: Partial<ConstructorParameters<typeof CopyObjectCommand>[0]>): S3Case['when'] =>
  async (s3, Key) => {
    const { s3Bucket: Bucket } = s3
    await put(s3, 'source é/+', 'source')
    const CopySource = `${Bucket}/${encodeURIComponent('source é/+')}`
    return await s3.client.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...input }))
  }

export const copies: readonly S3Case[] = [
  { what: 'a copy', when: copyWith({}), ends: 'done' },
  {
    what: 'a copy if the source matches its ETag',
    when: copyWith({ CopySourceIfMatch: sourceTag }),
    ends: 'done',
  },
  {
    what: 'a copy if the source matches the ETag of another',
    when: copyWith({ CopySourceIfMatch: `"${'0'.repeat(32)}"` }),
    ends: failedCondition,
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a copy if the source is none of its ETag',
    when: copyWith({ CopySourceIfNoneMatch: sourceTag }),
    ends: failedCondition,
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a copy of nothing',
    when: (s3, key) => copyWith({ CopySource: `${s3.s3Bucket}/nothing` })(s3, key),
    ends: '404 NoSuchKey',
  },
  {
    what: 'a copy onto itself that changes nothing',
    given: there,
    when: (s3, key) => copyWith({ CopySource: `${s3.s3Bucket}/${key}` })(s3, key),
    ends: '400 InvalidRequest',
  },
]

const getWith =
  (input: Partial<ConstructorParameters<typeof GetObjectCommand>[0]>): S3Case['when'] =>
  ({ client, s3Bucket: Bucket }, Key) =>
    client.send(new GetObjectCommand({ Bucket, Key, ...input }))

export const reads: readonly S3Case[] = [
  { what: 'a GET of nothing', when: getWith({}), ends: '404 NoSuchKey' },
  {
    what: 'a HEAD of nothing',
    when: ({ client, s3Bucket: Bucket }, Key) => client.send(new HeadObjectCommand({ Bucket, Key })),
    ends: '404 NotFound',
  },
  {
    what: 'a GET in a bucket that is not there',
    when: getWith({ Bucket: 'no-such' }),
    ends: '404 NoSuchBucket',
  },
  {
    what: 'a range beyond the end',
    given: there,
    when: getWith({ Range: 'bytes=5-9' }),
    ends: '416 InvalidRange',
  },
  {
    what: 'a GET if it matches another ETag',
    given: there,
    when: getWith({ IfMatch: `"${'0'.repeat(32)}"` }),
    ends: failedCondition,
  },
  {
    what: 'a GET if it has another ETag than it has',
    given: there,
    when: getWith({ IfNoneMatch: `"${hash('md5', 'there')}"` }),
    ends: '304 Unknown',
  },
]
