import { answerNamed } from '../../http/answers/answerNamed.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const putNamedFile: Operation<'putNamedFile'> = (deps) => async (req, res) => {
  await answerNamed(deps, req, res, req.params.bucket)
}
