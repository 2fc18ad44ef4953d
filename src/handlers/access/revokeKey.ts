import { requireKey, revokeKey as revoke } from '../../domain/access/keys.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { originOf } from '../../http/contract/originOf.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const revokeKey: Operation<'revokeKey'> = (deps) => async (req, res) => {
  const { key_id: id } = req.params
  const actor = actorOf(req)
  await refuseCondition(req, () => requireKey(deps, actor, ['id', id]))
  const revocation = { id, descendants: req.query.descendants ?? false }
  await revoke(deps, actor, revocation, originOf(deps, req))
  res.status(204).end()
}
