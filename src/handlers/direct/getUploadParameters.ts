import { parseMediaType } from '../../domain/mediaTypes.ts'
import { toMetadata } from '../../domain/metadata.ts'
import { announceForm, mostSeconds } from '../../domain/uploads/announceUpload.ts'
import type { Operation } from '../../http/operation.ts'
import { publicUrl } from '../../http/publicUrl.ts'

export const getUploadParameters: Operation<'getUploadParameters'> = (deps) => async (req, res) => {
  const { filename, type, bucket = 'default' } = req.query
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
  res.json({ method, url: publicUrl(req, request.url), fields, expires: mostSeconds(deps) })
}

/** The validator knows such parameters by their names alone, and cuts off values at an ampersand. */
const metadataOf = (target: string): Record<string, string> =>
  Object.fromEntries(
    [...new URLSearchParams(target.slice(target.indexOf('?')))].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1]
      return key === undefined ? [] : [[key, value]]
    }),
  )
