import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { components } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'
import { storeUpload } from '../../domain/uploads/storeUpload.ts'
import { stateOfFile } from '../../domain/uploads/uploadStatus.ts'
import { actorOf } from '../contract/context.ts'
import { takeReceived } from '../receive/received.ts'
import { filesPath } from './fileBody.ts'
import { publicUrl } from './publicUrl.ts'
import { toStateBody } from './stateBody.ts'

/**
 * Stores the received bytes as the file that the upload announced. Answers with 201, Location and ETag, as S3 does, and
 * with the state of the file. Throws the errors of `storeUpload`.
 */
export async function answerDirect(
  deps: Deps,
  req: IncomingMessage,
  res: Response<components['schemas']['FileState']>,
  uploadId: string,
): Promise<void> {
  const file = await storeUpload(deps, actorOf(req), uploadId, takeReceived(req).receipt)
  res
    .status(201)
    .location(publicUrl(req, `${filesPath}/${file.id}`))
    .set('ETag', `"${file.md5}"`)
  res.json(toStateBody(await stateOfFile(deps, file)))
}
