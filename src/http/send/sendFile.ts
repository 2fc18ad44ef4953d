import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { openFile } from '../../domain/files/openFile.ts'
import type { FileContent } from '../../model/file.ts'
import { isNotModified, rangeApplies } from '../fields/conditionals.ts'
import { toDigestField } from '../fields/digestFields.ts'
import { parseRange } from '../fields/range.ts'
import { cacheHeaders, contentEtag, type FileDelivery, fileHeaders, policyHeaders } from './fileHeaders.ts'
import { sendBlocks } from './sendBlocks.ts'
import { sendSmall, takeMemory } from './sendSmall.ts'

/**
 * Answers with the bytes of a file or with the requested range of them (RFC 9110, 13 and 14). Throws `precondition-failed`,
 * `range-not-satisfiable`, and the errors of `openFile`.
 */
export async function sendFile(
  deps: Deps,
  req: Pick<Request, 'get' | 'headers' | 'method'>,
  res: Response,
  content: FileContent,
  delivery: FileDelivery,
): Promise<void> {
  const { file } = content
  const validators = { etag: contentEtag(file), lastModified: new Date(file.storedAt) }
  if (isNotModified(req.headers, validators))
    return void res.status(304).set(cacheHeaders(file, delivery)).end()
  res.set(policyHeaders(delivery)) // before the range is parsed, so that a 416 has them
  // RFC 9110, 14.2: Range means something for GET only.
  const applies = req.method === 'GET' && rangeApplies(req.get('if-range'), validators)
  const range = applies ? parseRange(req.headers.range, file.size) : undefined
  res.set(fileHeaders(file, delivery))
  const { first, last } = range ?? { first: 0, last: file.size - 1 }
  if (range) res.status(206).set('Content-Range', `bytes ${first}-${last}/${file.size}`)
  // Content-Digest is the digest of the sent body (RFC 9530, 2): HEAD sends none, and no digest of a range is known.
  else if (req.method === 'GET') res.set('Content-Digest', toDigestField(file.hash))
  res.set('Content-Length', String(last - first + 1))
  if (req.method === 'HEAD' || file.size === 0) return void res.end()
  const { blockPool, config } = deps
  const freeMemory = takeMemory(file.size, blockPool)
  const reader = openFile(deps, content, { first, last })
  const sending = freeMemory
    ? sendSmall(res, reader, { first, last }, { size: file.size, limits: config.http }).finally(freeMemory)
    : sendBlocks(res, reader, { first, last }, { blockPool, limits: config.http })
  await sending.finally(reader.close)
}
