import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { type StoreRequest, storeFile } from '../../domain/storing/storeFile.ts'
import { fileExists, preconditionFailed } from '../../errors.ts'
import { refusing } from '../receive/received.ts'
import { type FileBody, filesPath, metadataEtag, toFileBody } from './fileBody.ts'
import { publicUrl } from './publicUrl.ts'

/** A StoreRequest whose metadata is still to be parsed. */
export type UploadRequest = Omit<StoreRequest, 'metadata'> & {
  readonly metadata: () => StoreRequest['metadata']
}

/**
 * Makes received bytes a file and answers 201 with it. Throws `file-exists` with the file that has these bytes, or
 * `precondition-failed` to a client that said `If-None-Match: *`, with which no duplicates are allowed.
 */
export async function answerStored(
  deps: Deps,
  req: Pick<Request, 'app' | 'get'>,
  res: Response<FileBody>,
  request: UploadRequest,
): Promise<void> {
  const metadata = await refusing(deps, request, request.metadata)
  const onlyNew = req.get('if-none-match')?.trim() === '*'
  const duplicates = onlyNew ? 'refuse' : request.duplicates
  const result = await storeFile(deps, { ...request, metadata, duplicates })
  const { file } = result
  if (result.kind === 'exists')
    throw onlyNew ? preconditionFailed('If-None-Match') : fileExists(file.bucket, toFileBody(req, file))
  if (result.replayed) res.set('Idempotency-Replayed', 'true')
  res
    .status(201)
    .location(publicUrl(req, `${filesPath}/${file.id}`))
    .set('ETag', metadataEtag(file))
  res.json(toFileBody(req, file))
}
