import type { Request } from 'express'
import type { operations } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'
import { limitsOf } from '../../domain/buckets/bucketRules.ts'
import { insistOnBucket } from '../../domain/buckets/buckets.ts'
import { maxRequestBytes } from '../../domain/uploads/announceUpload.ts'
import { requireUpload } from '../../domain/uploads/findUpload.ts'
import { actorOf, contextOf } from '../contract/context.ts'
import type { OperationId } from '../contract/operation.ts'

/** The pattern of the spec. Checked here too, because the bucket is looked up before the validator sees its name. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** An operation whose body is a form or the bytes of a file. */
type UploadOperationId = {
  [Id in OperationId]: operations[Id] extends { requestBody: { content: infer Content } }
    ? 'application/json' extends keyof Content
      ? never
      : Id
    : never
}[OperationId]

type FindLimit = (deps: Deps, req: Request) => Promise<number>

/** How the limit of each operation is found. A missing operation does not compile. */
const limits: Readonly<Record<UploadOperationId, FindLimit>> = {
  createFile: ofBucketInQuery,
  putFile: ofBucketInQuery,
  putFileByName: ofBucketInQuery,
  putNamedFile: ofBucketInPath,
  putDirectUpload: ofUpload,
  postDirectUpload: ofUpload,
  putDirectPart: ofUpload,
}

const finders: ReadonlyMap<string, FindLimit> = new Map(Object.entries(limits))

/**
 * The largest size of the file in bytes, as far as known before the body: a form may name its bucket behind the file. `storeFile`
 * checks the size again, before the commit. Throws `file-not-found` for an upload that nobody announced, and `bucket-not-found`.
 */
export async function uploadLimit(deps: Deps, req: Request): Promise<number> {
  const { operation } = contextOf(req)
  const find = operation && finders.get(operation.id)
  if (!find) throw new Error(`The operation ${operation?.id} names no limit for its uploads.`)
  return await find(deps, req)
}

async function ofBucketInQuery(deps: Deps, req: Request): Promise<number> {
  return await ofBucket(deps, req, req.query.bucket)
}

async function ofBucketInPath(deps: Deps, req: Request): Promise<number> {
  return await ofBucket(deps, req, contextOf(req).operation?.pathParameters.bucket)
}

async function ofBucket(deps: Deps, req: Request, name: unknown): Promise<number> {
  const bucket = typeof name === 'string' && BUCKET.test(name) ? name : undefined
  if (bucket !== undefined) await insistOnBucket(deps, actorOf(req), bucket)
  const { maxBytes } = await limitsOf(deps, bucket)
  return maxBytes
}

async function ofUpload(deps: Deps, req: Request): Promise<number> {
  const { size, bucket } = await requireUpload(
    deps,
    actorOf(req),
    contextOf(req).operation?.pathParameters.upload_id ?? '',
  )
  const { maxBytes } = await limitsOf(deps, bucket)
  return Math.min(size ?? maxRequestBytes, maxRequestBytes, maxBytes)
}
