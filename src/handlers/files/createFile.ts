import { parseMetadataText } from '../../domain/values/metadata.ts'
import { answerStored } from '../../http/answers/answerStored.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { takeReceived } from '../../http/receive/received.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const createFile: Operation<'createFile'> = (deps) => async (req, res) => {
  const { file_name, file_type, bucket, expires_in, owner } = req.body
  const metadata = parseMetadataText(req.body.metadata)
  const { receipt, filename, contentType } = takeReceived(req)
  await answerStored(deps, req, res, {
    receipt,
    bucket: bucket ?? defaultBucket,
    name: { label: file_name ?? filename ?? '' },
    declaredType: file_type ?? contentType,
    owner,
    metadata,
    expiresInSeconds: expires_in === undefined ? undefined : Number(expires_in),
    duplicates: req.query.duplicates ?? 'refuse',
  })
}
