import { defaultOverlapSeconds, rotateKey as rotate } from '../../domain/access/keys.ts'
import { toKeyBody } from '../../http/answers/keyBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'

export const rotateKey: Operation<'rotateKey'> = (deps) => async (req, res) => {
  const { overlap_seconds: overlapSeconds = defaultOverlapSeconds } = req.body ?? {}
  const rotation = { id: req.params.key_id, overlapSeconds }
  const { key, text } = await rotate(deps, actorOf(req), rotation, originOf(deps, req))
  res.set('Cache-Control', 'no-store')
  res.json({ ...toKeyBody(key), key: text })
}
