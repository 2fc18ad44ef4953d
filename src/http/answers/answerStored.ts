import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { Deps } from '../../deps.ts'
import { type StoreRequest, storeFile } from '../../domain/storing/storeFile.ts'
import { fileExists } from '../../errors/files.ts'
import { preconditionFailed } from '../../errors/requests.ts'
import { contextOf } from '../contract/context.ts'
import { header } from '../fields/header.ts'
import { type FileBody, filesPath, metadataEtag, toFileBody } from './fileBody.ts'
import { publicUrl } from './publicUrl.ts'

/**
 * Makes received bytes a file and answers 201 with it. Throws `file-exists` with the file that has these bytes, or
 * `precondition-failed` to a client that said `If-None-Match: *`, with which no duplicates are allowed.
 */
export async function answerStored(
  deps: Deps,
  req: IncomingMessage,
  res: Response<FileBody>,
  request: Omit<StoreRequest, 'claim'>,
): Promise<void> {
  const onlyNew = header(req, 'if-none-match')?.trim() === '*'
  const duplicates = onlyNew ? 'refuse' : request.duplicates
  const result = await storeFile(deps, { ...request, duplicates, claim: contextOf(req).claim })
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
