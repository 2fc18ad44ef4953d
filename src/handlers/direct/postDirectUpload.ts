import { linkInvalid } from '../../errors/requests.ts'
import { answerDirect } from '../../http/answers/answerDirect.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const postDirectUpload: Operation<'postDirectUpload'> = (deps) => async (req, res) => {
  if (req.body.key !== req.params.upload_id)
    throw linkInvalid('The field "key" must be the one that came with the link.')
  await answerDirect(deps, req, res, req.params.upload_id)
}
