import type { Request } from 'express'
import type { operations } from '../../../api/openapi.gen.ts'
import { findPartSize } from '../../database/rows/uploadParts.ts'
import type { Deps } from '../../deps.ts'
import { insistOn, insistOnRule } from '../../domain/access/insist.ts'
import { toStoredName } from '../../domain/access/storedName.ts'
import { limitsOf } from '../../domain/buckets/bucketRules.ts'
import { insistOnBucket } from '../../domain/buckets/buckets.ts'
import { maxRequestBytes } from '../../domain/uploads/announceUpload.ts'
import { requireUpload } from '../../domain/uploads/findUpload.ts'
import type { Subject } from '../../model/allowance.ts'
import { defaultBucket, isBucketName } from '../../model/bucket.ts'
import { actorOf, contextOf } from '../contract/context.ts'
import type { OperationId } from '../contract/operation.ts'

/** An operation whose body is a form or the bytes of a file. */
type UploadOperationId = {
  [Id in OperationId]: operations[Id] extends { requestBody: { content: infer Content } }
    ? 'application/json' extends keyof Content
      ? never
      : Id
    : never
}[OperationId]

/** The limits of an upload, as far as they are known before the body. */
export interface UploadLimit {
  /** The largest size of the file, in bytes. */
  readonly maxBytes: number
  /** Whose limits for all files together bound the upload. Those that are not known yet are judged by the commit. */
  readonly subjects: readonly Subject[]
  /** 0 when an announcement has the room for the file. */
  readonly files: 0 | 1
  /** Bytes of a part that the upload has room for, and that this request replaces. */
  readonly replacedBytes: number
  /** Whether a field of the form names the bucket. */
  readonly bucketInForm: boolean
}

type FindLimit = (deps: Deps, req: Request) => Promise<UploadLimit>

/** How the limit of each operation is found. A missing operation does not compile. */
const limits: Readonly<Record<UploadOperationId, FindLimit>> = {
  createFile: ofBucketInForm,
  putFile: ofBucketInQuery,
  putFileByName: ofBucketInForm,
  putNamedFile: ofBucketInPath,
  putDirectUpload: ofUpload,
  postDirectUpload: ofUpload,
  putDirectPart: ofPart,
}

const finders: ReadonlyMap<string, FindLimit> = new Map(Object.entries(limits))

/**
 * The limits of a request as far as known before the body: a form may name its bucket behind the file. `storeFile` and the commit
 * judge again. Throws `file-not-found` for an upload that nobody announced, and `bucket-not-found`.
 */
export async function uploadLimit(deps: Deps, req: Request): Promise<UploadLimit> {
  const { operation } = contextOf(req)
  const find = operation && finders.get(operation.id)
  if (!find) throw new Error(`The operation ${operation?.id} names no limit for its uploads.`)
  return await find(deps, req)
}

async function ofBucketInForm(deps: Deps): Promise<UploadLimit> {
  return { ...(await limitOfBucket(deps, undefined)), bucketInForm: true }
}

async function ofBucketInQuery(deps: Deps, req: Request): Promise<UploadLimit> {
  const { bucket = defaultBucket, file_name: name } = req.query
  const actor = actorOf(req)
  // Only an actor with a prefix may be refused a name.
  if (actor.reach.prefix !== '' && typeof name === 'string')
    insistOn(actor, 'write', { name: toStoredName(actor, name, '/file_name') })
  return await limitForActor(deps, req, bucket)
}

async function ofBucketInPath(deps: Deps, req: Request): Promise<UploadLimit> {
  return await limitForActor(deps, req, contextOf(req).operation?.pathParameters.bucket)
}

/**
 * The limits of an upload to this bucket, once its actor may send one: else it would take room, and learn of limits, in a bucket
 * that it does not reach. Throws what `insistOnRule` throws, and `bucket-not-found`.
 */
export async function limitForActor(deps: Deps, req: Request, bucket: unknown): Promise<UploadLimit> {
  if (isBucketName(bucket)) {
    await insistOnRule(deps, actorOf(req), 'write', { bucket })
    await insistOnBucket(deps, actorOf(req), bucket)
  }
  return await limitOfBucket(deps, bucket)
}

/** The limits of an upload to this bucket: those of the service for a text that cannot be the name of one. */
export async function limitOfBucket(deps: Deps, bucket: unknown): Promise<UploadLimit> {
  const { maxBytes, subjects } = await limitsOf(deps, isBucketName(bucket) ? bucket : undefined)
  return { maxBytes, subjects, files: 1, replacedBytes: 0, bucketInForm: false }
}

/** The announcement of an upload took room for the file, and for its bytes if it named their number. */
async function ofUpload(deps: Deps, req: Request): Promise<UploadLimit> {
  const { upload_id = '' } = contextOf(req).operation?.pathParameters ?? {}
  const { size, bucket } = await requireUpload(deps, actorOf(req), upload_id)
  const { maxBytes, subjects } = await limitsOf(deps, bucket)
  return {
    maxBytes: Math.min(size ?? maxRequestBytes, maxRequestBytes, maxBytes),
    subjects: size === null ? subjects : [],
    files: 0,
    replacedBytes: 0,
    bucketInForm: false,
  }
}

async function ofPart(deps: Deps, req: Request): Promise<UploadLimit> {
  const limit = await ofUpload(deps, req)
  if (limit.subjects.length === 0) return limit
  const { upload_id = '', part_number } = contextOf(req).operation?.pathParameters ?? {}
  return { ...limit, replacedBytes: await findPartSize(deps.db, upload_id, Number(part_number)) }
}
