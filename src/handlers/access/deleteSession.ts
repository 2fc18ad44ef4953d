import type { Operation } from '../../http/contract/operation.ts'
import { dropSession, refuseForeignSession } from '../../http/contract/session.ts'

export const deleteSession: Operation<'deleteSession'> = (deps) => (req, res) => {
  refuseForeignSession(deps, req)
  dropSession(deps, req, res)
  res.status(204).set('Cache-Control', 'no-store').end()
}
