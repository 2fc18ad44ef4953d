import { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { StorageKey } from '../../model/blob.ts'
import type { DirectAccess, SignWriteOptions } from '../directAccess.ts'
import type { S3Calls } from './calls.ts'
import { createS3Client, type S3Place } from './client.ts'
import { beginS3Parts, completeS3Parts, listS3Parts } from './directParts.ts'
import { attemptS3 } from './errors.ts'
import type { S3Objects } from './objects.ts'

export interface S3DirectOptions {
  readonly calls: S3Calls
  readonly objects: S3Objects
  /** How clients reach the server. */
  readonly place: S3Place
  nameOf(key: StorageKey): string
}

/** Signing needs no connection. */
const neverUsed = { silenceSeconds: 1, mostSockets: 1 }

const CHECKSUM = 'x-amz-checksum-sha256'

export function createS3Direct({ calls, objects, place, nameOf }: S3DirectOptions): DirectAccess {
  const { s3Bucket: Bucket, proof } = calls
  const client = createS3Client(place, neverUsed)

  /** What is signed is judged by the clock of S3. */
  const now = () => new Date(Date.now() + calls.clockOffsetMilliseconds())

  /** A signature ends with the credentials it was made with; those of a role last some hours, or what is left of them. */
  async function whileCredentialsLast(seconds: number): Promise<number> {
    const { expiration } = await client.config.credentials()
    const left = expiration ? Math.floor((expiration.getTime() - now().getTime()) / 1000) : seconds
    return Math.max(1, Math.min(seconds, left))
  }

  /** What a PUT has to have as headers, and a POST as fields. A server that knows no checksums is asked for none. */
  const demands = ({ mediaType, sha256 }: SignWriteOptions): Record<string, string> => ({
    ...(mediaType !== undefined && { 'Content-Type': mediaType }),
    ...(sha256 !== undefined &&
      proof === 'crc32' && { [CHECKSUM]: Buffer.from(sha256, 'hex').toString('base64') }),
  })

  return {
    signRead: (key, { seconds, mediaType, disposition }) =>
      attemptS3(async () => {
        if ((await whileCredentialsLast(seconds)) < seconds) return undefined
        const command = new GetObjectCommand({
          ...{ Bucket, Key: nameOf(key) },
          ResponseContentType: mediaType,
          ResponseContentDisposition: disposition,
          ResponseCacheControl: 'private',
        })
        return await getSignedUrl(client, command, { expiresIn: seconds, signingDate: now() })
      }),

    signPut: (key, options) =>
      attemptS3(async () => {
        const headers = demands(options)
        const seconds = await whileCredentialsLast(options.seconds)
        const command = new PutObjectCommand({
          ...{ Bucket, Key: nameOf(key), ContentLength: options.size },
          ...{ ContentType: headers['Content-Type'], ChecksumSHA256: headers[CHECKSUM] },
        })
        const url = await getSignedUrl(client, command, {
          expiresIn: seconds,
          signingDate: now(),
          signableHeaders: new Set(['host', 'content-length', 'content-type', CHECKSUM]),
          unhoistableHeaders: new Set([CHECKSUM]), // in the query it would be a promise of ours, not the client's
        })
        return { method: 'PUT', url, seconds, headers, fields: {} }
      }),

    signPost: (key, options) =>
      attemptS3(async () => {
        const seconds = await whileCredentialsLast(options.seconds)
        client.config.systemClockOffset = calls.clockOffsetMilliseconds()
        const { url, fields } = await createPresignedPost(client, {
          ...{ Bucket, Key: nameOf(key), Expires: seconds },
          Conditions: [['content-length-range', options.size, options.size]],
          Fields: { ...demands(options), success_action_status: '201' },
        })
        return { method: 'POST', url, seconds, headers: {}, fields }
      }),

    beginParts: (key, { mediaType }) => attemptS3(() => beginS3Parts(calls, nameOf(key), mediaType)),

    signPart: (key, UploadId, PartNumber, wished) =>
      attemptS3(async () => {
        const command = new UploadPartCommand({ Bucket, Key: nameOf(key), UploadId, PartNumber })
        const seconds = await whileCredentialsLast(wished)
        const url = await getSignedUrl(client, command, { expiresIn: seconds, signingDate: now() })
        return { url, seconds }
      }),

    tagOf: (key) => attemptS3(async () => (await objects.describe(nameOf(key)))?.etag?.replaceAll('"', '')),

    listParts: (key, uploadId) => attemptS3(() => listS3Parts(calls, nameOf(key), uploadId)),

    completeParts: (key, UploadId, parts) =>
      attemptS3(() => completeS3Parts({ ...calls, objects }, { Key: nameOf(key), UploadId }, parts)),
  }
}
