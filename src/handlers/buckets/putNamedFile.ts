import { answerNamed } from '../../http/answerNamed.ts'
import type { Operation } from '../../http/operation.ts'

export const putNamedFile: Operation<'putNamedFile'> = (deps) => async (req, res) => {
  await answerNamed(deps, req, res, req.params.bucket)
}
