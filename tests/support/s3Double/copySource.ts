import { contentsOf, type S3Call } from './call.ts'
import { refusal } from './refusal.ts'
import { findObject, type S3Object } from './world.ts'

/** The object that x-amz-copy-source names, and where it is. */
export function findCopySource(call: S3Call): {
  object: S3Object
  place: { s3Bucket: string; key: string }
} {
  const [, s3Bucket, key] =
    /^\/?([^/]+)\/(.+)$/s.exec(decoded(call.headers.get('x-amz-copy-source') ?? '')) ?? []
  if (s3Bucket === undefined || key === undefined)
    throw refusal(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  if (/\?versionId=/.test(key)) throw refusal('NotImplemented', 'The double keeps no versions.')
  return { object: findObject(contentsOf({ ...call, s3Bucket }), key), place: { s3Bucket, key } }
}

function decoded(source: string): string {
  try {
    return decodeURIComponent(source)
  } catch {
    throw refusal('InvalidArgument', 'Copy Source must be URL-encoded.')
  }
}

/** The bytes from `first` to before `end`, over the borders of pieces. */
export function slicePieces(pieces: readonly Buffer[], first: number, end: number): Buffer[] {
  let start = 0
  return pieces.flatMap((piece) => {
    const slice = piece.subarray(Math.max(0, first - start), Math.max(0, end - start))
    start += piece.length
    return slice.length > 0 ? [slice] : []
  })
}
