import { removeNamedFile } from '../../domain/files/namedFiles.ts'
import { metadataCondition } from '../../http/answers/metadataCondition.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const deleteNamedFile: Operation<'deleteNamedFile'> = (deps) => async (req, res) => {
  const { bucket, filename: name } = req.params
  await removeNamedFile(deps, actorOf(req), { bucket, name }, metadataCondition(req.headers))
  res.json({ message: 'Deleted file successfully.' })
}
