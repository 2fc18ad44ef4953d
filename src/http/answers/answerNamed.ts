import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { components } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'
import { storeFile } from '../../domain/storing/storeFile.ts'
import { parseFilePath } from '../../domain/values/filePaths.ts'
import { parseMetadataText } from '../../domain/values/metadata.ts'
import { nameInvalid } from '../../errors/files.ts'
import { actorOf, contextOf } from '../contract/context.ts'
import { takeReceived } from '../receive/received.ts'
import { metadataEtag } from './fileBody.ts'
import { fileLink, publicPath } from './fileLink.ts'
import { nameCondition } from './metadataCondition.ts'

/** Default lifetime of links to named files, in seconds. */
export const namedLinkSeconds = 86_400

type Envelope = components['schemas']['Envelope']
type Form = components['schemas']['NamedFileForm']

/**
 * Stores the received file under its name: from then on the name means this file in the bucket. Answers with 201 and a link to
 * the file. Throws `name-invalid`, `metadata-invalid`, `precondition-failed` and the errors of `storeFile`.
 */
export async function answerNamed(
  deps: Deps,
  req: IncomingMessage & { readonly body: Form },
  res: Response<Envelope>,
  bucket: string,
): Promise<void> {
  const { file_type, expires_in, owner } = req.body
  // Refused before the file is taken: `problemHandler` gives up a file that nobody took.
  const metadata = parseMetadataText(req.body.metadata)
  const path = nameOf(req)
  const { receipt, contentType } = takeReceived(req)
  const result = await storeFile(deps, actorOf(req), {
    receipt,
    bucket,
    name: { path, condition: nameCondition(req.headers) },
    declaredType: file_type ?? contentType,
    owner,
    metadata,
    expiresInSeconds: expires_in === undefined ? undefined : Number(expires_in),
    duplicates: 'allow',
    claim: contextOf(req).claim,
  })
  const link = await fileLink(deps, req, result.file, {
    disposition: 'attachment',
    seconds: namedLinkSeconds,
    publicPath: publicPath(result.file),
  })
  if (result.kind === 'stored' && result.replayed) res.set('Idempotency-Replayed', 'true')
  res.status(201).set('ETag', metadataEtag(result.file))
  res.json({ message: 'Uploaded file successfully.', data: { location: link.url } })
}

/**
 * The name in the field `file_name`, which may have folders, else in the part. A part's folders say where the file was on the
 * client (RFC 7578, 4.2): with them cut off, a file of one folder would replace the file of another.
 */
function nameOf(req: IncomingMessage & { readonly body: Form }): string {
  const { file_name } = req.body
  if (file_name !== undefined) return parseFilePath(file_name, '/file_name')
  const name = parseFilePath(contextOf(req).received?.filename ?? '', '/file')
  if (name.includes('/'))
    throw nameInvalid('must not have folders in the part: send the field "file_name"', '/file')
  return name
}
