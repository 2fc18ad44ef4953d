import { beginParts } from '../../domain/uploads/parts.ts'
import { parseMediaType } from '../../domain/values/mediaTypes.ts'
import { toMetadata } from '../../domain/values/metadata.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const createMultipartUpload: Operation<'createMultipartUpload'> = (deps) => async (req, res) => {
  const { filename, type, bucket = defaultBucket, file_size, sha256, metadata, owner } = req.body
  const upload = await beginParts(deps, actorOf(req), {
    bucket,
    name: filename,
    // A browser that does not know the type of a file sends an empty type.
    declaredType: parseMediaType(type) ?? 'application/octet-stream',
    size: file_size,
    sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
    metadata: toMetadata(metadata ?? {}),
    owner,
  })
  res.json({ key: upload.id, uploadId: upload.id, bucket: upload.bucket })
}
