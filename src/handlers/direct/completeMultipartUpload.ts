import { completeParts } from '../../domain/uploads/completeParts.ts'
import { filesPath } from '../../http/answers/fileBody.ts'
import { partsTarget } from '../../http/answers/partsTarget.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'

export const completeMultipartUpload: Operation<'completeMultipartUpload'> = (deps) => async (req, res) => {
  const parts = req.body.parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }))
  const file = await completeParts(
    deps,
    actorOf(req),
    partsTarget(req.params.upload_id, req.query.key),
    parts,
  )
  const location = publicUrl(req, `${filesPath}/${file.id}/content`)
  res.json({ location, key: file.id, bucket: file.bucket })
}
