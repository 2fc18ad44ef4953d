import { parseMetadataText } from '../../domain/values/metadata.ts'
import { answerStored } from '../../http/answers/answerStored.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { takeReceived } from '../../http/receive/received.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const putFile: Operation<'putFile'> = (deps) => async (req, res) => {
  const { file_name, bucket, expires_in, duplicates, owner } = req.query
  const metadata = parseMetadataText(req.query.metadata)
  const { receipt, filename, contentType } = takeReceived(req)
  await answerStored(deps, req, res, {
    receipt,
    bucket: bucket ?? defaultBucket,
    name: { label: file_name ?? filename ?? '' },
    declaredType: contentType,
    owner,
    metadata,
    expiresInSeconds: expires_in,
    duplicates: duplicates ?? 'refuse',
  })
}
