import { findFile } from '../../domain/files/findFile.ts'
import { filesPath } from '../../http/answers/fileBody.ts'
import { fileLink } from '../../http/answers/fileLink.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const getFileLink: Operation<'getFileLink'> = (deps) => async (req, res) => {
  const file = await findFile(deps, actorOf(req), req.params.file_hash, req.query.bucket ?? defaultBucket)
  const { url, expiresAt } = await fileLink(deps, req, file, {
    disposition: req.query.disposition ?? 'attachment',
    seconds: req.query.expires_in ?? deps.config.http.linkSeconds,
    publicPath: `${filesPath}/${file.id}/content`,
  })
  res.set('Cache-Control', 'private, no-store')
  res.json({ url, expires_at: expiresAt?.toISOString() ?? null })
}
