import { findContent } from '../../domain/files/findFile.ts'
import { accessKeyNeeded } from '../../errors/access.ts'
import { hasCode } from '../../errors.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const downloadFile: Operation<'downloadFile'> = (deps) => async (req, res) => {
  const actor = actorOf(req)
  const content = await findContent(
    deps,
    actor,
    req.params.file_hash,
    req.query.bucket ?? defaultBucket,
  ).catch((error: unknown) => {
    throw actor.kind === 'anonymous' && hasCode(error, 'file-not-found') ? accessKeyNeeded() : error
  })
  const { visibility } = await deps.bucketRules.of(content.file.bucket)
  // A private file looks like a missing one, so that nobody learns which ids and hashes exist.
  if (actor.kind === 'anonymous' && visibility !== 'public') throw accessKeyNeeded()
  const { disposition = 'attachment' } = req.query
  await sendFile(deps, req, res, content, { disposition, visibility })
}
