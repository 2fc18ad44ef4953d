import { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { StorageKey } from '../../model/blob.ts'
import type { DirectAccess, SignWriteOptions } from '../directAccess.ts'
import type { S3Calls } from './calls.ts'
import { createS3Client, type S3Location } from './client.ts'
import { beginS3Parts, completeS3Parts, listS3Parts } from './directParts.ts'
import { attemptS3 } from './errors.ts'
import type { S3Objects } from './objects.ts'

export interface S3DirectOptions {
  readonly calls: S3Calls
  readonly objects: S3Objects
  /** The bucket as clients reach it. */
  readonly location: S3Location
  nameOf(key: StorageKey): string
}

/** Signing needs no connection. */
const neverUsed = { silenceSeconds: 1, mostSockets: 1 }

const CHECKSUM = 'x-amz-checksum-sha256'

/** Signed requests to S3 for clients. */
export function createS3Direct({ calls, objects, location, nameOf }: S3DirectOptions): DirectAccess {
  const { s3Bucket: Bucket, proof } = calls
  const client = createS3Client(location, neverUsed)

  /** S3 judges a signature by its own clock. */
  const now = () => new Date(Date.now() + calls.clockOffsetMilliseconds())

  /** A signature is valid no longer than the credentials that made it; the credentials of a role last some hours. */
  async function whileCredentialsLast(seconds: number): Promise<number> {
    const { expiration } = await client.config.credentials()
    const left = expiration ? Math.floor((expiration.getTime() - now().getTime()) / 1000) : seconds
    return Math.max(1, Math.min(seconds, left))
  }

  /** Headers that a PUT must have, and fields of a POST. A checksum only for servers that know checksums. */
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
          unhoistableHeaders: new Set([CHECKSUM]), // in the query the service, not the client, would state the checksum
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

    beginParts: (key) => attemptS3(() => beginS3Parts(calls, nameOf(key))),

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
