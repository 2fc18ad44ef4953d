import { removeFile } from '../../domain/changeFile.ts'
import { findNamedFile } from '../../domain/findNamedFile.ts'
import type { Operation } from '../../http/operation.ts'

export const deleteNamedFile: Operation<'deleteNamedFile'> = (deps) => async (req, res) => {
  const { bucket, filename } = req.params
  const { file } = await findNamedFile(deps, bucket, filename)
  await removeFile(deps, { reference: file.id, bucket, condition: undefined })
  res.json({ message: 'Deleted file successfully.' })
}
