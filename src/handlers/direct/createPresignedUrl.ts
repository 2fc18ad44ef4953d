import { announceUpload } from '../../domain/uploads/announceUpload.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { publicUrl } from '../../http/answers/publicUrl.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const createPresignedUrl: Operation<'createPresignedUrl'> = (deps) => async (req, res) => {
  const {
    filename,
    type,
    file_size,
    bucket = defaultBucket,
    method = 'POST',
    sha256,
    metadata,
    owner,
  } = req.body
  const announcement = {
    bucket,
    name: filename,
    declaredType: type.toLowerCase(),
    size: file_size,
    sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
    metadata: toMetadata(metadata ?? {}),
    owner,
  }
  const { upload, request, expiresAt } = await announceUpload(deps, actorOf(req), announcement, method)
  const url = publicUrl(req, request.url)
  const { fields, headers } = request
  res.set('Cache-Control', 'no-store')
  res.json({
    ...{ url, method, fields, headers, key: upload.id },
    status: 'pending',
    expires_at: expiresAt.toISOString(),
  })
}
