import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { Deps } from '../../deps.ts'
import { type StoreRequest, storeFile } from '../../domain/storing/storeFile.ts'
import { fileExists } from '../../errors/files.ts'
import { preconditionFailed } from '../../errors/requests.ts'
import { actorOf, contextOf } from '../contract/context.ts'
import { header } from '../fields/header.ts'
import { type FileBody, filesPath, fileWriter, metadataEtag } from './fileBody.ts'
import { sendJson } from './json.ts'
import { publicUrl } from './publicUrl.ts'

/**
 * Stores received bytes as a file, and answers with 201 and the file. When another file has the same bytes and duplicates
 * are refused, throws `file-exists` with the other file. `If-None-Match: *` always refuses duplicates, and then throws
 * `precondition-failed`.
 */
export async function answerStored(
  deps: Deps,
  req: IncomingMessage,
  res: Response<FileBody>,
  request: Omit<StoreRequest, 'claim'>,
): Promise<void> {
  const onlyNew = header(req, 'if-none-match')?.trim() === '*'
  const duplicates = onlyNew ? 'refuse' : request.duplicates
  const result = await storeFile(deps, actorOf(req), { ...request, duplicates, claim: contextOf(req).claim })
  const { file } = result
  const body = fileWriter(req)(file)
  if (result.kind === 'exists')
    throw onlyNew ? preconditionFailed('If-None-Match') : fileExists(file.bucket, JSON.parse(body))
  if (result.replayed) res.set('Idempotency-Replayed', 'true')
  res
    .status(201)
    .location(publicUrl(req, `${filesPath}/${file.id}`))
    .set('ETag', metadataEtag(file))
  sendJson(res, body)
}
