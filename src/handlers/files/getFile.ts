import { findFile } from '../../domain/findFile.ts'
import { metadataEtag, toFileBody } from '../../http/fileBody.ts'
import type { Operation } from '../../http/operation.ts'

export const getFile: Operation<'getFile'> = (deps) => async (req, res) => {
  const file = await findFile(deps, req.params.file_hash, req.query.bucket ?? 'default')
  res.set({ ETag: metadataEtag(file), 'Cache-Control': 'private, no-cache' })
  res.json(toFileBody(req, file))
}
