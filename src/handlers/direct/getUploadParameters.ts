import { announceForm } from '../../domain/uploads/announceUpload.ts'
import { parseMediaType } from '../../domain/values/mediaTypes.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { queryInvalid } from '../../errors/requests.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

const PARAMETERS = new Set(['filename', 'type', 'bucket'])

export const getUploadParameters: Operation<'getUploadParameters'> = (deps) => async (req, res) => {
  const { filename, type, bucket = defaultBucket } = req.query
  const { request } = await announceForm(deps, {
    bucket,
    name: filename,
    // A browser that does not know a file's type says nothing about it.
    declaredType: parseMediaType(type ?? '') ?? 'application/octet-stream',
    size: undefined,
    sha256: undefined,
    metadata: toMetadata(metadataOf(req.originalUrl)),
  })
  const { method, fields } = request
  res.set('Cache-Control', 'no-store')
  res.json({ method, url: publicUrl(req, request.url), fields, expires: request.seconds })
}

/**
 * With such parameters the validator lets every name pass, and cuts off their values at an ampersand. Throws
 * `query-invalid` for what is no parameter.
 */
function metadataOf(target: string): Record<string, string> {
  const metadata: [string, string][] = []
  for (const [name, value] of new URLSearchParams(target.slice(target.indexOf('?')))) {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1]
    if (key !== undefined) metadata.push([key, value])
    else if (!PARAMETERS.has(name)) throw queryInvalid(name, 'is no parameter')
  }
  return Object.fromEntries(metadata)
}
