import { removeNamedFile } from '../../domain/files/namedFiles.ts'
import { metadataCondition } from '../../http/answers/metadataCondition.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const deleteNamedFile: Operation<'deleteNamedFile'> = (deps) => async (req, res) => {
  const { bucket, filename: name } = req.params
  const condition = metadataCondition(req.headers)
  // Without a file the answer is 404, whatever the condition is (RFC 9110, 13.2.1).
  await removeNamedFile(deps, { bucket, name }, condition && ((file) => file && condition(file)))
  res.json({ message: 'Deleted file successfully.' })
}
