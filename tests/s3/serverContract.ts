import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { S3ServerPlace } from '../support/s3.ts'
import {
  createS3UnderTest,
  endOf,
  expectEnd,
  newName,
  put,
  type S3Case,
  type S3UnderTest,
  toTest,
} from '../support/s3UnderTest.ts'
import { begin, completions, copiedParts, partBytes, parts, sendParts, twoParts } from './multipartCases.ts'
import { conditionalWrites, copies, proofs, reads } from './objectCases.ts'

/**
 * What our storage takes S3 for, asked of a server: `server` is the name under which it is known to differ, if it is. What
 * Amazon documents is what counts; a difference is written down where it is met.
 */
export function serverContract(server: string, find: () => Promise<S3ServerPlace>): void {
  let s3: S3UnderTest
  beforeAll(async () => {
    s3 = await createS3UnderTest(await find())
  })
  afterAll(() => s3.client.destroy())

  const tests = (cases: readonly S3Case[]) =>
    it.each(cases.map((each) => toTest(server, each)))('%s', (_sentence, each) => expectEnd(s3, each))
  const isRadosgw16 = server === 'radosgw 16'

  async function readBack(Key: string): Promise<Buffer> {
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: s3.s3Bucket, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  describe('A write with', () => {
    tests(conditionalWrites)
    tests(proofs)

    it('If-None-Match: * succeeds for one of many at once, whose bytes are there', async () => {
      const key = newName()
      const { client, s3Bucket: Bucket } = s3
      const rivals = Array.from({ length: 10 }, (_, index) => `rival ${index}`)
      const ends = await Promise.all(
        rivals.map((Body) =>
          endOf(client.send(new PutObjectCommand({ Bucket, Key: key, Body, IfNoneMatch: '*' }))),
        ),
      )
      const [winner, ...others] = rivals.filter((_rival, index) => ends[index] === 'done')
      expect(others).toEqual([])
      for (const end of ends)
        expect(['done', '412 PreconditionFailed', '409 ConditionalRequestConflict']).toContain(end)
      expect(String(await readBack(key))).toBe(winner)
    })

    it('a CRC-32 is told that, and whoever asks later, too', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      const ChecksumCRC32 = 'NhCmhg=='
      const answer = await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'hello', ChecksumCRC32 }))
      const wanted = isRadosgw16 ? undefined : ChecksumCRC32 // it knows none
      expect(answer.ChecksumCRC32).toBe(wanted)
      const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
      expect(head.ChecksumCRC32).toBe(wanted)
      expect(await s3.client.send(new HeadObjectCommand({ Bucket, Key }))).not.toHaveProperty(
        'ChecksumCRC32',
        wanted,
      )
    })

    it('headers of its own keeps them', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      const headers = {
        ContentType: 'image/png',
        CacheControl: 'private',
        ContentDisposition: 'attachment',
        Metadata: { name: 'two  words' },
      }
      await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...headers }))
      const { ETag, ...head } = await s3.client.send(new HeadObjectCommand({ Bucket, Key }))
      expect(head).toMatchObject({ ...headers, ContentLength: 1 })
      expect(ETag).toBe(`"${hash('md5', 'x')}"`)
    })
  })

  describe('A copy:', () => {
    tests(copies)
  })

  describe('A read:', () => {
    tests(reads)

    it.each([
      ['bytes=0-0', 'h'],
      ['bytes=1-', 'ello'],
      ['bytes=-2', 'lo'],
      ['bytes=3-99', 'lo'],
      ['bytes=0-', 'hello'],
    ])('gives of %s what is there', async (Range, wanted) => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key, 'hello')
      const { Body, ContentLength, ContentRange } = await s3.client.send(
        new GetObjectCommand({ Bucket, Key, Range }),
      )
      expect([await Body?.transformToString(), ContentLength]).toEqual([wanted, wanted.length])
      expect(ContentRange).toMatch(/^bytes \d-4\/5$|^bytes 0-0\/5$/)
    })
  })

  describe('Of an upload in parts', () => {
    describe('completion of', () => tests(completions))
    describe('S3 takes or refuses', () => tests(parts))
    describe('a part may be copied from', () => tests(copiedParts))

    it('the bytes are those of the parts one after the other, and the ETag tells how many', async () => {
      const key = newName()
      const upload = await begin(s3, key)
      const Parts = await sendParts(s3, upload, twoParts)
      await s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
      expect((await readBack(key)).equals(Buffer.concat(twoParts))).toBe(true)
      const { ETag } = await s3.client.send(new HeadObjectCommand({ Bucket: s3.s3Bucket, Key: key }))
      const md5s = twoParts.map((part) => hash('md5', part, 'buffer'))
      expect(ETag).toBe(`"${hash('md5', Buffer.concat(md5s))}-2"`)
    })

    it('nothing is there before it is completed, and the last of a number counts', async () => {
      const key = newName()
      const upload = await begin(s3, key)
      await sendParts(s3, upload, [Buffer.from('first')])
      const Parts = await sendParts(s3, upload, [Buffer.from('second')])
      const get = new GetObjectCommand({ Bucket: s3.s3Bucket, Key: key })
      expect(await endOf(s3.client.send(get))).toBe('404 NoSuchKey')
      await s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
      expect(String(await readBack(key))).toBe('second')
    })

    it('parts may be ranges of other objects', async () => {
      const [source, key] = [newName(), newName()]
      await put(s3, source, Buffer.concat(twoParts))
      const upload = await begin(s3, key)
      const ranges = [`bytes=500-${partBytes + 499}`, 'bytes=0-9']
      const Parts = []
      for (const [index, CopySourceRange] of ranges.entries()) {
        const place = { ...upload, PartNumber: index + 1, CopySource: `${s3.s3Bucket}/${source}` }
        const { CopyPartResult } = await s3.client.send(
          new UploadPartCopyCommand({ ...place, CopySourceRange }),
        )
        Parts.push({ PartNumber: index + 1, ETag: CopyPartResult?.ETag })
      }
      await s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
      const all = Buffer.concat(twoParts)
      const wanted = Buffer.concat([all.subarray(500, partBytes + 500), all.subarray(0, 10)])
      expect((await readBack(key)).equals(wanted)).toBe(true)
    })

    it('the checksum of the whole is made of those of the parts', async () => {
      const upload = await begin(s3, newName(), { ChecksumAlgorithm: 'CRC32' })
      const ChecksumCRC32 = 'NhCmhg=='
      const part = { ...upload, PartNumber: 1, Body: 'hello', ChecksumCRC32 }
      const { ETag } = await s3.client.send(new UploadPartCommand(part))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
      const { ChecksumCRC32: whole } = await s3.client.send(
        new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }),
      )
      const sum = Buffer.alloc(4)
      sum.writeUInt32BE(crc32(Buffer.from(ChecksumCRC32, 'base64')))
      expect(whole).toBe(isRadosgw16 ? undefined : `${sum.toString('base64')}-1`)
    })

    it('the parts are listed in pages', async () => {
      const upload = await begin(s3, newName())
      await sendParts(s3, upload, ['a', 'bb', 'ccc'].map(Buffer.from))
      const first = await s3.client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }))
      const sizes = (page: typeof first) => page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])
      expect([first.IsTruncated, sizes(first)]).toEqual([true, [[1, 1], [2, 2]]]) // biome-ignore format: pairs
      const PartNumberMarker = first.NextPartNumberMarker
      const second = await s3.client.send(new ListPartsCommand({ ...upload, PartNumberMarker }))
      expect([second.IsTruncated, sizes(second)]).toEqual([false, [[3, 3]]])
    })

    it('it is listed until it is completed or aborted, below its prefix, in pages', async () => {
      const Prefix = `${newName()}/`
      const { client, s3Bucket: Bucket } = s3
      const [one, another, third] = [
        await begin(s3, `${Prefix}a`),
        await begin(s3, `${Prefix}a`),
        await begin(s3, `${Prefix}b`),
      ]
      async function listed(MaxUploads: number) {
        const found: unknown[] = []
        let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
        for (;;) {
          const page = await client.send(
            new ListMultipartUploadsCommand({ Bucket, Prefix, MaxUploads, ...after }),
          )
          found.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => ({ Bucket, Key, UploadId })))
          if (!page.IsTruncated) return found
          after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        }
      }
      const all = await listed(1000)
      expect(new Set(all)).toEqual(new Set([one, another, third]))
      expect(await listed(1)).toEqual(all)
      await client.send(new AbortMultipartUploadCommand(one))
      expect(await listed(1)).toEqual([another, third])
      expect(await endOf(sendParts(s3, one, [Buffer.from('late')]))).toBe('404 NoSuchUpload')
      for (const upload of [another, third]) await client.send(new AbortMultipartUploadCommand(upload))
      expect(await listed(1)).toEqual([])
    })
  })

  describe('A list', () => {
    const names = ['a', 'a/1', 'a/2', 'b&<>"', 'b+ b', 'ä', '\u{ffee}', '\u{1f600}']
    let Prefix: string
    beforeAll(async () => {
      Prefix = `${newName()}/`
      for (const name of names.toReversed()) await put(s3, `${Prefix}${name}`)
    })

    async function list(input: Partial<ListObjectsV2CommandInput> = {}): Promise<string[]> {
      const found: string[] = []
      let ContinuationToken: string | undefined
      do {
        const page: {
          Contents?: { Key?: string | undefined }[] | undefined
          CommonPrefixes?: { Prefix?: string | undefined }[] | undefined
          NextContinuationToken?: string | undefined
        } = await s3.client.send(
          new ListObjectsV2Command({ Bucket: s3.s3Bucket, Prefix, ...input, ContinuationToken }),
        )
        found.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(Prefix.length)))
        found.push(...(page.CommonPrefixes ?? []).map(({ Prefix: group = '' }) => group.slice(Prefix.length)))
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      return found
    }

    it('gives every name below a prefix by its bytes, in pages of any size', async () => {
      for (const MaxKeys of [1, 3, 1000]) expect(await list({ MaxKeys })).toEqual(names)
    })

    it('begins after a name', async () => {
      expect(await list({ StartAfter: `${Prefix}b` })).toEqual(names.slice(3))
      expect(await list({ StartAfter: `${Prefix}a/1`, MaxKeys: 1 })).toEqual(names.slice(2))
    })

    it('takes names together up to a delimiter', async () => {
      for (const MaxKeys of [1, 1000])
        expect((await list({ Delimiter: '/', MaxKeys })).sort()).toEqual(
          ['a', 'a/', ...names.slice(3)].sort(),
        )
    })

    it('refuses a continuation that is none', async () => {
      const wrong = new ListObjectsV2Command({ Bucket: s3.s3Bucket, ContinuationToken: 'nothing' })
      expect(await endOf(s3.client.send(wrong))).toBe(isRadosgw16 ? 'done' : '400 InvalidArgument')
    })
  })

  describe('Of what is deleted', () => {
    it('one is gone, and may be deleted again', async () => {
      const [Bucket, Key] = [s3.s3Bucket, newName()]
      await put(s3, Key)
      for (let times = 0; times < 2; times++) await s3.client.send(new DeleteObjectCommand({ Bucket, Key }))
      expect(await endOf(s3.client.send(new GetObjectCommand({ Bucket, Key })))).toBe('404 NoSuchKey')
    })

    it('many are gone at once, and each is told', async () => {
      const [Bucket, keys] = [s3.s3Bucket, [newName(), newName(), `${newName()} <&>`]]
      for (const key of keys) await put(s3, key)
      const Objects = keys.map((Key) => ({ Key }))
      const { Deleted, Errors } = await s3.client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
      )
      expect(Deleted?.map(({ Key }) => Key).sort()).toEqual(keys.sort())
      expect(Errors ?? []).toEqual([])
      for (const Key of keys)
        expect(await endOf(s3.client.send(new GetObjectCommand({ Bucket, Key })))).toBe('404 NoSuchKey')
    })
  })

  describe('A bucket', () => {
    it('is there or is not', async () => {
      const { client, s3Bucket: Bucket } = s3
      await client.send(new HeadBucketCommand({ Bucket }))
      expect(await endOf(client.send(new HeadBucketCommand({ Bucket: 'no-such' })))).toBe('404 NotFound')
    })

    it('has a name of certain letters', async () => {
      const wrong = new CreateBucketCommand({ Bucket: 'Not_A_Bucket' })
      expect(await endOf(s3.client.send(wrong))).toBe('400 InvalidBucketName')
    })
  })
}
