import { stringify } from 'node:querystring'
import { announceForm } from '../../domain/uploads/announceUpload.ts'
import { parseMediaType } from '../../domain/values/mediaTypes.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { metadataInvalid } from '../../errors/files.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { memberKey, parseQuery } from '../../http/fields/query.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const getUploadParameters: Operation<'getUploadParameters'> = (deps) => async (req, res) => {
  const { filename, type, bucket = defaultBucket, owner } = req.query
  const { request } = await announceForm(deps, actorOf(req), {
    bucket,
    name: filename,
    // A browser that does not know the type of a file sends an empty type.
    declaredType: parseMediaType(type ?? '') ?? 'application/octet-stream',
    size: undefined,
    sha256: undefined,
    metadata: toMetadata(metadataOf(req.originalUrl)),
    owner,
  })
  const { method, fields } = request
  res.set('Cache-Control', 'no-store')
  res.json({ method, url: publicUrl(req, request.url), fields, expires: request.seconds })
}

/**
 * Reads the parameters `metadata[<name>]` from the target, not from `req.query`: in these parameters the validator cuts values
 * off at an ampersand. Throws `metadata-invalid` for a repeated name.
 */
function metadataOf(target: string): Record<string, string> {
  const metadata: [string, string][] = []
  const query = stringify(parseQuery(target.slice(target.indexOf('?') + 1)))
  for (const [name, value] of new URLSearchParams(query)) {
    const key = memberKey('metadata', name)
    if (key !== undefined) metadata.push([key, value])
  }
  const keys = metadata.map(([key]) => key)
  const repeated = keys.find((key, index) => keys.indexOf(key) < index)
  if (repeated !== undefined)
    throw metadataInvalid(`has the key ${JSON.stringify(repeated.slice(0, 100))} twice`)
  return Object.fromEntries(metadata)
}
