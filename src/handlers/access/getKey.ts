import { requireKey } from '../../domain/access/keys.ts'
import { toKeyBody } from '../../http/answers/keyBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getKey: Operation<'getKey'> = (deps) => async (req, res) => {
  const key = await requireKey(deps, actorOf(req), ['id', req.params.key_id])
  res.set('Cache-Control', 'private, no-cache')
  res.json(toKeyBody(key))
}
