import { signParts } from '../../domain/uploads/parts.ts'
import type { Operation } from '../../http/operation.ts'
import { partsTarget } from '../../http/partsTarget.ts'
import { publicUrl } from '../../http/publicUrl.ts'

export const signMultipartPart: Operation<'signMultipartPart'> = (deps) => async (req, res) => {
  const number = Number(req.params.part_number)
  const { urls, seconds } = await signParts(deps, partsTarget(req.params.upload_id, req.query.key), [number])
  res.set('Cache-Control', 'no-store').json({ url: publicUrl(req, urls.get(number) ?? ''), expires: seconds })
}
