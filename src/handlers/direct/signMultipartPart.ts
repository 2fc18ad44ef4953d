import { signPart } from '../../domain/uploads/uploadParts.ts'
import type { Operation } from '../../http/operation.ts'
import { partsTarget } from '../../http/partsTarget.ts'
import { publicUrl } from '../../http/publicUrl.ts'

export const signMultipartPart: Operation<'signMultipartPart'> = (deps) => async (req, res) => {
  const { upload_id, part_number } = req.params
  const { url, seconds } = await signPart(deps, partsTarget(upload_id, req.query.key), Number(part_number))
  res.json({ url: url.startsWith('/') ? publicUrl(req, url) : url, expires: seconds })
}
