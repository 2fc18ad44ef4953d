import { signParts } from '../../domain/uploads/parts.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const signMultipartPart: Operation<'signMultipartPart'> = (deps) => async (req, res) => {
  const number = Number(req.params.part_number)
  const { urls, seconds } = await signParts(
    deps,
    actorOf(req),
    partsTarget(req.params.upload_id, req.query.key),
    [number],
  )
  res.set('Cache-Control', 'no-store').json({ url: publicUrl(req, urls.get(number) ?? ''), expires: seconds })
}
