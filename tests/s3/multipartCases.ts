import { hash, randomBytes } from 'node:crypto'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { put, type S3Case, type S3UnderTest } from '../support/s3UnderTest.ts'

export const partBytes = 5 * 2 ** 20
/** Two parts; the second may have any size. */
export const twoParts: readonly Buffer[] = [randomBytes(partBytes), randomBytes(1000)]

type CreateInput = Partial<ConstructorParameters<typeof CreateMultipartUploadCommand>[0]>

export async function begin({ client, s3Bucket: Bucket }: S3UnderTest, Key: string, input: CreateInput = {}) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...input }))
  return { Bucket, Key, UploadId }
}

/** Sends parts from number 1 on, and gives what completes them. */
export async function sendParts(
  { client }: S3UnderTest,
  upload: Awaited<ReturnType<typeof begin>>,
  parts: readonly Buffer[],
): Promise<CompletedPart[]> {
  const sent: CompletedPart[] = []
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
    sent.push({ PartNumber, ETag })
  }
  return sent
}

type CompleteInput = Partial<ConstructorParameters<typeof CompleteMultipartUploadCommand>[0]>

/** Uploads the two parts, and completes what becomes of the list of them. */
const completeWith =
  (
    change: (parts: CompletedPart[]) => CompletedPart[],
    input: CompleteInput = {},
    bytes = twoParts,
  ): S3Case['when'] =>
  async (s3, key) => {
    const upload = await begin(s3, key)
    const Parts = change(await sendParts(s3, upload, bytes))
    const command = { ...upload, MultipartUpload: { Parts }, ...input }
    return await s3.client.send(new CompleteMultipartUploadCommand(command))
  }

const asTheyAre = (parts: CompletedPart[]) => parts

export const completions: readonly S3Case[] = [
  { what: 'all parts', when: completeWith(asTheyAre), ends: 'done' },
  {
    what: 'some of the parts',
    when: completeWith((parts) => parts.slice(1)),
    ends: 'done',
    differs: { 'radosgw 16': '400 InvalidPart' },
  },
  { what: 'no parts', when: completeWith(() => []), ends: '400 MalformedXML' },
  {
    what: 'parts out of order',
    when: completeWith((parts) => parts.toReversed()),
    ends: '400 InvalidPartOrder',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a part that was never sent',
    when: completeWith((parts) => [...parts, { PartNumber: 3, ETag: parts[0]?.ETag }]),
    ends: '400 InvalidPart',
  },
  {
    what: 'a part with the ETag of another',
    when: completeWith(([first, second]) => [{ ...first, ETag: second?.ETag }]),
    ends: '400 InvalidPart',
  },
  {
    what: 'a first part of less than 5 MiB',
    when: completeWith(asTheyAre, {}, [randomBytes(partBytes - 1), randomBytes(1)]),
    ends: '400 EntityTooSmall',
  },
  {
    what: 'an upload that is none',
    when: completeWith(asTheyAre, { UploadId: 'nothing' }),
    ends: '404 NoSuchUpload',
    differs: { 'radosgw 16': '500 InternalError' },
  },
  {
    what: 'an upload to another key',
    when: completeWith(asTheyAre, { Key: 'another' }),
    ends: '404 NoSuchUpload',
    differs: { 'radosgw 16': '500 InternalError' },
  },
  {
    what: 'parts with If-None-Match: * where nothing is',
    when: completeWith(asTheyAre, { IfNoneMatch: '*' }),
    ends: 'done',
  },
  {
    what: 'parts with If-None-Match: * where something is',
    given: (s3, key) => put(s3, key),
    when: completeWith(asTheyAre, { IfNoneMatch: '*' }),
    ends: '412 PreconditionFailed',
    differs: { 'radosgw 16': 'done' },
  },
]

/** Sends one part. */
const partWith =
  (
    input: Partial<ConstructorParameters<typeof UploadPartCommand>[0]>,
    { upload: wish = {} }: { upload?: CreateInput } = {},
  ): S3Case['when'] =>
  async (s3, key) => {
    const upload = await begin(s3, key, wish)
    const command = { ...upload, PartNumber: 1, Body: 'hello', ...input }
    return await s3.client.send(new UploadPartCommand(command))
  }

const crc32 = { upload: { ChecksumAlgorithm: 'CRC32' } } as const

export const parts: readonly S3Case[] = [
  { what: 'part 1', when: partWith({}), ends: 'done' },
  { what: 'part 10,000', when: partWith({ PartNumber: 10_000 }), ends: 'done' },
  {
    what: 'part 0',
    when: partWith({ PartNumber: 0 }),
    ends: '400 InvalidArgument',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'part 10,001',
    when: partWith({ PartNumber: 10_001 }),
    ends: '400 InvalidArgument',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a part of an upload that is none',
    when: partWith({ UploadId: 'nothing' }),
    ends: '404 NoSuchUpload',
  },
  {
    what: 'a part with another MD5',
    when: partWith({ ContentMD5: Buffer.alloc(16).toString('base64') }),
    ends: '400 BadDigest',
  },
  { what: 'a part with its CRC-32', when: partWith({ ChecksumCRC32: 'NhCmhg==' }, crc32), ends: 'done' },
  {
    what: 'a part with another CRC-32',
    when: partWith({ ChecksumCRC32: 'AAAAAA==' }, crc32),
    ends: '400 BadDigest',
    differs: { 'radosgw 16': 'done' },
  },
  {
    what: 'a part without the checksum its upload was begun with',
    when: partWith({}, crc32),
    ends: '400 InvalidRequest',
    differs: { 'radosgw 16': 'done' },
  },
]

/** Copies a part from an object of two parts. */
const copyPartWith =
  (input: Partial<ConstructorParameters<typeof UploadPartCopyCommand>[0]>): S3Case['when'] =>
  async (s3, key) => {
    await put(s3, 'source of parts', Buffer.concat(twoParts))
    const upload = await begin(s3, key)
    const CopySource = `${s3.s3Bucket}/${encodeURIComponent('source of parts')}`
    const command = { ...upload, PartNumber: 1, CopySource, ...input }
    return await s3.client.send(new UploadPartCopyCommand(command))
  }

export const copiedParts: readonly S3Case[] = [
  { what: 'all of an object', when: copyPartWith({}), ends: 'done' },
  { what: 'a range of it', when: copyPartWith({ CopySourceRange: 'bytes=1-99' }), ends: 'done' },
  {
    what: 'a range beyond its end',
    when: copyPartWith({ CopySourceRange: `bytes=0-${partBytes + 1000}` }),
    ends: '416 InvalidRange',
  },
  {
    what: 'a range without an end',
    when: copyPartWith({ CopySourceRange: 'bytes=1-' }),
    ends: '400 InvalidArgument',
    differs: { 'radosgw 16': '416 InvalidRange' },
  },
  {
    what: 'it if it matches its ETag',
    when: copyPartWith({ CopySourceIfMatch: `"${hash('md5', Buffer.concat(twoParts))}"` }),
    ends: 'done',
  },
  {
    what: 'it if it matches the ETag of another',
    when: copyPartWith({ CopySourceIfMatch: `"${'0'.repeat(32)}"` }),
    ends: '412 PreconditionFailed',
    differs: { 'radosgw 16': 'done' },
  },
]
