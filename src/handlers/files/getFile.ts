import { findFile } from '../../domain/files/findFile.ts'
import { fileWriter, metadataEtag } from '../../http/answers/fileBody.ts'
import { sendJson } from '../../http/answers/json.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { isNotModified } from '../../http/fields/conditionals.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const getFile: Operation<'getFile'> = (deps) => async (req, res) => {
  const file = await findFile(deps, actorOf(req), req.params.file_hash, req.query.bucket ?? defaultBucket)
  const etag = metadataEtag(file)
  const notModified = isNotModified(req.headers, { etag })
  res.set({ ETag: etag, 'Cache-Control': 'private, no-cache' })
  if (notModified) return void res.status(304).end()
  sendJson(res, fileWriter(req)(file))
}
