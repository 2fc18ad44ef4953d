import { requireKey, revokeKey as revoke } from '../../domain/access/keys.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { refuseCondition } from '../../http/contract/unmetConditions.ts'

export const revokeKey: Operation<'revokeKey'> = (deps) => async (req, res) => {
  const { key_id: id } = req.params
  const actor = actorOf(req)
  await refuseCondition(req, () => requireKey(deps, actor, ['id', id]))
  await revoke(deps, actor, { id, descendants: req.query.descendants ?? false })
  res.status(204).end()
}
