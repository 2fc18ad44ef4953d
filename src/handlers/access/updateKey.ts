import { changeKey, requireKey } from '../../domain/access/keys.ts'
import { toKeyBody, toKeyFields } from '../../http/answers/keyBody.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const updateKey: Operation<'updateKey'> = (deps) => async (req, res) => {
  const { key_id: id } = req.params
  const actor = actorOf(req)
  await refuseCondition(req, () => requireKey(deps, actor, ['id', id]))
  const fields = toKeyFields(req.body, deps.clock.now())
  res.json(toKeyBody(await changeKey(deps, actor, { ...fields, id }, originOf(deps, req))))
}
