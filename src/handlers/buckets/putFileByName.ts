import { answerNamed } from '../../http/answers/answerNamed.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const putFileByName: Operation<'putFileByName'> = (deps) => async (req, res) => {
  await answerNamed(deps, req, res, req.body.bucket ?? defaultBucket)
}
