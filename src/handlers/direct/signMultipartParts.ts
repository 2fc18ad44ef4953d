import { signPart } from '../../domain/uploads/uploadParts.ts'
import { queryInvalid } from '../../errors.ts'
import type { Operation } from '../../http/operation.ts'
import { partsTarget } from '../../http/partsTarget.ts'
import { publicUrl } from '../../http/publicUrl.ts'

export const signMultipartParts: Operation<'signMultipartParts'> = (deps) => async (req, res) => {
  const id = partsTarget(req.params.upload_id, req.query.key)
  const presignedUrls: Record<string, string> = {}
  for (const number of new Set(req.query.partNumbers.split(',').map(Number))) {
    if (number < 1 || number > 10_000) throw queryInvalid('partNumbers', 'holds a number that no part has')
    const { url } = await signPart(deps, id, number)
    presignedUrls[number] = url.startsWith('/') ? publicUrl(req, url) : url
  }
  res.json({ presignedUrls })
}
