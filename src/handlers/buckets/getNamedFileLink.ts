import { findNamedFile } from '../../domain/files/namedFiles.ts'
import { namedLinkSeconds } from '../../http/answers/answerNamed.ts'
import { metadataEtag } from '../../http/answers/fileBody.ts'
import { fileLink, publicPath } from '../../http/answers/fileLink.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getNamedFileLink: Operation<'getNamedFileLink'> = (deps) => async (req, res) => {
  const { bucket, filename } = req.params
  const { file } = await findNamedFile(deps, actorOf(req), bucket, filename)
  const { url } = await fileLink(deps, req, file, {
    disposition: req.query.disposition ?? 'attachment',
    seconds: req.query.expires_in ?? namedLinkSeconds,
    publicPath: publicPath(file),
  })
  res.set({ ETag: metadataEtag(file), 'Cache-Control': 'private, no-store' })
  res.json({ message: 'Generated file URL successfully.', data: { location: url } })
}
