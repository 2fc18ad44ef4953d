import { removeNamedFile } from '../../domain/files/namedFiles.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const deleteNamedFile: Operation<'deleteNamedFile'> = (deps) => async (req, res) => {
  await removeNamedFile(deps, req.params.bucket, req.params.filename)
  res.json({ message: 'Deleted file successfully.' })
}
