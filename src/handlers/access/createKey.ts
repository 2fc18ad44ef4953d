import { createKey as create } from '../../domain/access/keys.ts'
import { toKeyBody, toKeyFields } from '../../http/answers/keyBody.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'

export const createKey: Operation<'createKey'> = (deps) => async (req, res) => {
  const { name, scopes } = req.body
  const fields = { ...toKeyFields(req.body, deps.clock.now()), name, scopes }
  const { key, text } = await create(deps, actorOf(req), fields, originOf(deps, req))
  res
    .status(201)
    .location(publicUrl(req, `/keys/${key.id}`))
    .set('Cache-Control', 'no-store')
    .json({ ...toKeyBody(key), key: text })
}
