import { removeFile } from '../../domain/files/changeFile.ts'
import { metadataCondition } from '../../http/answers/metadataCondition.ts'
import { actorOf } from '../../http/contract/context.ts'
import type { Operation } from '../../http/contract/operation.ts'
import { defaultBucket } from '../../model/bucket.ts'

export const deleteFile: Operation<'deleteFile'> = (deps) => async (req, res) => {
  const file = await removeFile(deps, actorOf(req), {
    reference: req.params.file_hash,
    bucket: req.query.bucket ?? defaultBucket,
    condition: metadataCondition(req.headers),
  })
  res.status(201).json(`File ${file.name} deleted!`)
}
