import { checkDependencies } from '../../domain/readiness.ts'
import { databaseUnavailable, storageUnavailable } from '../../errors/service.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const getHealthcheck: Operation<'getHealthcheck'> = (deps) => async (_req, res) => {
  const { database, storage } = await checkDependencies(deps)
  if (database.status !== 'OK') throw databaseUnavailable(undefined)
  if (storage.status !== 'OK') throw storageUnavailable(undefined)
  res.set('Cache-Control', 'no-store').json({ status: 'OK' })
}
