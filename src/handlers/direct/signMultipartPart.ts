import { signParts } from '../../domain/uploads/parts.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const signMultipartPart: Operation<'signMultipartPart'> = (deps) => async (req, res) => {
  const number = Number(req.params.part_number)
  const { urls, seconds } = await signParts(deps, partsTarget(req.params.upload_id, req.query.key), [number])
  res.set('Cache-Control', 'no-store').json({ url: publicUrl(req, urls.get(number) ?? ''), expires: seconds })
}
