import { checkDependencies } from '../../domain/readiness.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getReadiness: Operation<'getReadiness'> = (deps) => async (_req, res) => {
  const dependencies = await checkDependencies(deps)
  const usable = !deps.stopping() && Object.values(dependencies).every(({ status }) => status === 'OK')
  res.status(usable ? 200 : 503).set('Cache-Control', 'no-store')
  res.json({ status: usable ? 'OK' : 'unavailable', dependencies })
}
