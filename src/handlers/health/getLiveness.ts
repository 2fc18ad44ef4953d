import type { Operation } from '../../http/contract/operation.ts'

export const getLiveness: Operation<'getLiveness'> = () => (_req, res) =>
  void res.set('Cache-Control', 'no-store').json({ status: 'OK' })
