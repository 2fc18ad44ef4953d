import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { components } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'
import { storeFile } from '../../domain/storing/storeFile.ts'
import { parseMetadataText } from '../../domain/values/metadata.ts'
import { contextOf } from '../contract/context.ts'
import { takeReceived } from '../receive/received.ts'
import { fileLink, publicPath } from './fileLink.ts'

/** Default lifetime of links to named files, in seconds. */
export const namedLinkSeconds = 86_400

type Envelope = components['schemas']['Envelope']
type Form = components['schemas']['NamedFileForm']

/**
 * Stores the received file under its name: from then on the name means this file in the bucket. Answers with 201 and a link to
 * the file. Throws `metadata-invalid` and the errors of `storeFile`.
 */
export async function answerNamed(
  deps: Deps,
  req: IncomingMessage & { readonly body: Form },
  res: Response<Envelope>,
  bucket: string,
): Promise<void> {
  const { file_name, file_type, expires_in } = req.body
  const metadata = parseMetadataText(req.body.metadata)
  const { receipt, filename, contentType } = takeReceived(req)
  const result = await storeFile(deps, {
    receipt,
    bucket,
    // Folders in the filename of a part are cut off (RFC 7578, 4.2); the field `file_name` may name folders.
    name: file_name ?? (filename ?? '').replace(/^.*[/\\]/s, ''),
    named: true,
    declaredType: file_type ?? contentType,
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
  res.status(201).json({ message: 'Uploaded file successfully.', data: { location: link.url } })
}
