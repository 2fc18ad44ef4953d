import { findNamedFile } from '../../domain/files/namedFiles.ts'
import { fileNotFound } from '../../errors/files.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'

export const readPublicFile: Operation<'readPublicFile'> = (deps) => async (req, res) => {
  const { bucket, filename } = req.params
  const { visibility } = await deps.bucketRules.of(bucket)
  // A private file looks like a missing file, so that nobody learns which names exist.
  if (visibility !== 'public') throw fileNotFound()
  const content = await findNamedFile(deps, actorOf(req), bucket, filename)
  const { disposition = 'attachment' } = req.query
  await sendFile(deps, req, res, content, { disposition, visibility })
}
