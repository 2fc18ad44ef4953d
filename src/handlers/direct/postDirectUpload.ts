import { answerDirect } from '../../http/answers/answerDirect.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const postDirectUpload: Operation<'postDirectUpload'> = (deps) => async (req, res) => {
  await answerDirect(deps, req, res, req.params.upload_id)
}
