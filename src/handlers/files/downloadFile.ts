import { toDigestField } from '../../domain/digests.ts'
import { findContent } from '../../domain/findFile.ts'
import { readFile } from '../../domain/readFile.ts'
import { isNotModified, rangeApplies } from '../../http/conditionals.ts'
import { cacheHeaders, contentEtag, fileHeaders } from '../../http/fileHeaders.ts'
import type { Operation } from '../../http/operation.ts'
import { parseRange } from '../../http/range.ts'
import { sendBytes } from '../../http/sendBytes.ts'

export const downloadFile: Operation<'downloadFile'> = (deps) => async (req, res) => {
  const content = await findContent(deps, req.params.file_hash, req.query.bucket ?? 'default')
  const { file } = content
  const validators = { etag: contentEtag(file), lastModified: file.storedAt }
  const { disposition = 'attachment' } = req.query
  if (isNotModified(req.headers, validators))
    return void res.status(304).set(cacheHeaders(file, disposition)).end()
  res.set(fileHeaders(file, disposition))

  // RFC 9110, 14.2: a Range counts for GET only.
  const asked =
    req.method === 'GET' && rangeApplies(req.get('if-range'), validators) ? req.headers.range : undefined
  const range = parseRange(asked, file.size)
  const { first, last } = range ?? { first: 0, last: file.size - 1 }
  if (range) res.status(206).set('Content-Range', `bytes ${first}-${last}/${file.size}`)
  // Of what is sent (RFC 9530, 2): nothing is in answer to HEAD, and a part was never digested.
  else if (req.method === 'GET') res.set('Content-Digest', toDigestField(file.hash))
  res.set('Content-Length', String(last - first + 1))
  if (req.method === 'HEAD' || file.size === 0) return void res.end()
  await sendBytes(res, readFile(deps, content, { first, last }), deps.config.http)
}
