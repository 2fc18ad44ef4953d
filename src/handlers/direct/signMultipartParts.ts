import { signParts } from '../../domain/uploads/parts.ts'
import { queryInvalid } from '../../errors/requests.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { MAX_PARTS } from '../../model/upload.ts'

export const signMultipartParts: Operation<'signMultipartParts'> = (deps) => async (req, res) => {
  const id = partsTarget(req.params.upload_id, req.query.key)
  const numbers = req.query.partNumbers.split(',').map(Number)
  if (numbers.some((number) => number < 1 || number > MAX_PARTS))
    throw queryInvalid('partNumbers', `must hold numbers from 1 to ${MAX_PARTS}`)
  const { urls } = await signParts(deps, actorOf(req), id, numbers)
  const presignedUrls = Object.fromEntries([...urls].map(([number, url]) => [number, publicUrl(req, url)]))
  res.set('Cache-Control', 'no-store').json({ presignedUrls })
}
