import { findContent } from '../../domain/files/findFile.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'

export const readLink: Operation<'readLink'> = (deps) => async (req, res) => {
  const content = await findContent(deps, actorOf(req), req.params.file_id, '')
  await sendFile(deps, req, res, content, {
    disposition: req.query.disposition ?? 'attachment',
    visibility: 'private',
    linked: true,
  })
}
