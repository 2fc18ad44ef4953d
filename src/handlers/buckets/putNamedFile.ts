import { formInvalid } from '../../errors/requests.ts'
import { answerNamed } from '../../http/answers/answerNamed.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const putNamedFile: Operation<'putNamedFile'> = (deps) => async (req, res) => {
  const { bucket } = req.params
  if (req.body.bucket !== undefined && req.body.bucket !== bucket)
    throw formInvalid(
      `The address names the bucket "${bucket}": leave the field "bucket" out, or post the form to /file.`,
      '/bucket',
    )
  await answerNamed(deps, req, res, bucket)
}
