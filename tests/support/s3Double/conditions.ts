import { contentsOf, type S3Call } from './call.ts'
import { refusal } from './refusal.ts'
import type { S3Object } from './world.ts'

const failed = (Condition: string) =>
  refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition,
  })

const lists = (header: string, etag: string) =>
  header.split(',').some((each) => each.trim() === '*' || unquote(each.trim()) === unquote(etag))
const unquote = (etag: string) => etag.replace(/^"|"$/g, '')

/** Seconds, as HTTP has them; undefined when it is no time, which is ignored. */
function secondsOf(header: string | undefined): number | undefined {
  const time = Date.parse(header ?? '')
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000)
}

/** Checks the conditions of a read. `prefix` begins the names of the headers: empty, or x-amz-copy-source-. */
export function checkReading({ headers }: Pick<S3Call, 'headers'>, object: S3Object, prefix: string): void {
  const read = (name: string) => headers.get(`${prefix}${name}`)
  const [match, noneMatch] = [read('if-match'), read('if-none-match')]
  const modified = Math.floor(object.modified.getTime() / 1000)
  const [since, unmodifiedSince] = [
    secondsOf(read('if-modified-since')),
    secondsOf(read('if-unmodified-since')),
  ]
  if (match !== undefined && !lists(match, object.etag)) throw failed('If-Match')
  if (match === undefined && unmodifiedSince !== undefined && modified > unmodifiedSince)
    throw failed('If-Unmodified-Since')
  const unchanged =
    noneMatch === undefined ? since !== undefined && modified <= since : lists(noneMatch, object.etag)
  if (!unchanged) return
  if (prefix !== '') throw failed('If-None-Match')
  throw refusal('NotModified', 'Not Modified', { ETag: object.etag })
}

/**
 * Checks the conditions of a write at the moment it takes effect; a write that lost to another gets 409.
 */
export function checkWriting(call: S3Call): void {
  const match = call.headers.get('if-match')
  const noneMatch = call.headers.get('if-none-match')
  if (match === undefined && noneMatch === undefined) return
  if (noneMatch !== undefined && noneMatch !== '*')
    throw refusal('NotImplemented', 'A header you provided implies functionality that is not implemented')
  const contents = contentsOf(call)
  if ((contents.changes.get(call.key) ?? 0) !== call.changesBefore)
    throw refusal(
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation',
    )
  const object = contents.objects.get(call.key)
  if (noneMatch !== undefined && object) throw failed('If-None-Match')
  if (match === undefined) return
  if (!object) throw refusal('NoSuchKey', 'The specified key does not exist.', { Key: call.key })
  if (!lists(match, object.etag)) throw failed('If-Match')
}
