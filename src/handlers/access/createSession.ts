import { beginSession } from '../../domain/access/sessions.ts'
import { limitFailures } from '../../http/contract/limitRates.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { keepSession, refuseForeignSession } from '../../http/contract/session.ts'

export const createSession: Operation<'createSession'> = (deps) => async (req, res) => {
  refuseForeignSession(deps, req)
  const session = await beginSession(deps, req.body.key.trim()).catch((refusal: unknown) =>
    limitFailures(deps, req, res, refusal),
  )
  keepSession(deps, req, res, session)
  res.status(204).set('Cache-Control', 'no-store').end()
}
