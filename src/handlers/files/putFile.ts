import { parseMetadataText } from '../../domain/values/metadata.ts'
import { answerStored } from '../../http/answers/answerStored.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { takeReceived } from '../../http/receive/received.ts'

export const putFile: Operation<'putFile'> = (deps) => async (req, res) => {
  const { file_name, bucket, metadata, expires_in, duplicates } = req.query
  const { filename, contentType, ...received } = takeReceived(req)
  await answerStored(deps, req, res, {
    ...received,
    bucket: bucket ?? 'default',
    name: file_name ?? filename ?? '',
    declaredType: contentType,
    metadata: () => parseMetadataText(metadata),
    expiresInSeconds: expires_in,
    duplicates: duplicates ?? 'refuse',
  })
}
