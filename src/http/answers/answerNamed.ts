import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import type { components } from '../../../api/openapi.gen.ts'
import type { Deps } from '../../deps.ts'
import { storeFile } from '../../domain/storing/storeFile.ts'
import { parseMetadataText } from '../../domain/values/metadata.ts'
import { contextOf } from '../contract/context.ts'
import { takeReceived } from '../receive/received.ts'
import { fileLink, publicPath } from './fileLink.ts'

/** How long the links of named files last, unless asked otherwise. */
export const namedLinkSeconds = 86_400

type Envelope = components['schemas']['Envelope']
type Form = components['schemas']['NamedFileForm']

/** Makes a received file the one that its name in the bucket means, and answers with a link to it. Throws what `storeFile` throws. */
export async function answerNamed(
  deps: Deps,
  req: IncomingMessage & { readonly body: Form },
  res: Response<Envelope>,
  bucket: string,
): Promise<void> {
  const { file_name, expires_in } = req.body
  const metadata = parseMetadataText(req.body.metadata)
  const { receipt, filename, contentType } = takeReceived(req)
  const result = await storeFile(deps, {
    receipt,
    bucket,
    // The name of a part has no folders (RFC 7578, 4.2); a field may have some.
    name: file_name || (filename ?? '').replace(/^.*[/\\]/s, ''),
    named: true,
    declaredType: contentType,
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
