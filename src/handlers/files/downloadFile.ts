import { findContent } from '../../domain/files/findFile.ts'
import { accessKeyNeeded } from '../../errors/access.ts'
import { hasCode } from '../../errors.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { sendFile } from '../../http/send/sendFile.ts'
import { type Actor, anonymous } from '../../model/actor.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const downloadFile: Operation<'downloadFile'> = (deps) => async (req, res) => {
  const actor = actorOf(req)
  const find = (who: Actor) => findContent(deps, who, req.params.file_hash, req.query.bucket ?? defaultBucket)
  const content = await find(actor).catch(async (error: unknown) => {
    if (!hasCode(error, 'file-not-found')) throw error
    if (actor.kind === 'anonymous') throw accessKeyNeeded()
    // The bytes of a public bucket are for everyone, so for users who do not own them as well.
    const others = actor.kind === 'user' ? await find(anonymous) : undefined
    if (!others || (await deps.bucketRules.of(others.file.bucket)).visibility !== 'public') throw error
    return others
  })
  const { visibility } = await deps.bucketRules.of(content.file.bucket)
  // A private file looks like a missing one, so that nobody learns which ids and hashes exist.
  if (actor.kind === 'anonymous' && visibility !== 'public') throw accessKeyNeeded()
  const { disposition = 'attachment' } = req.query
  await sendFile(deps, req, res, content, { disposition, visibility })
}
