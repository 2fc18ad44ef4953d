import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { claimIdempotencyKey } from '../../domain/storing/idempotency.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { encodingUnsupported } from '../../errors/requests.ts'
import { actorOf, contextOf, declares, descriptionOf } from '../contract/context.ts'
import type { DescribedOperation, DescribedSchema } from '../contract/describedOperation.ts'
import { typeHints } from '../contract/hints.ts'
import { announcedDigests } from '../fields/digestFields.ts'
import { header, sentContentType } from '../fields/header.ts'
import { badRequest, unsupportedMediaType } from '../problems/httpErrors.ts'
import { openBody } from './bodyStream.ts'
import { keepClaim } from './claims.ts'
import { giveUpReceived } from './received.ts'
import { filePartOf, receiveForm } from './receiveForm.ts'
import { receiveJson } from './receiveJson.ts'
import { receiveRaw } from './receiveRaw.ts'
import { formOverheadBytes } from './roomOfUpload.ts'
import { limitOfBucket, uploadLimit } from './uploadLimit.ts'

/** The pattern of the spec. Checked here too, because the key is claimed before the validator sees it. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

type RequestContent = NonNullable<DescribedOperation['requestBody']>['content']

/**
 * Receives the body that the operation declares: the file of a form or a raw body goes to the storage, JSON becomes
 * `req.body`.
 */
export async function receiveBody(deps: Deps, req: Request, res: Response): Promise<void> {
  const { content, required = false } = descriptionOf(req)?.requestBody ?? {}
  if (!content) return
  if (!required && !hasBody(req)) {
    // Of no body it says nothing; the validator wants one of the types, and would keep a schema for each other one.
    req.headers['content-type'] = Object.keys(content)[0]
    return
  }
  requireType(req, content)
  const form = content['multipart/form-data']
  if (!form && !content['*/*']) await receiveJson(req, res, deps.config.http)
  else await receiveUpload(deps, req, res, form?.schema)
}

/** Whether bytes follow the head of a request (RFC 9112, 6). */
const hasBody = ({ headers }: Request) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * Throws 415, before the body is read, for a type that the operation does not accept. JSON without a type is left to its parser,
 * except where `curl -T`, which sends none, is more likely to send a file.
 */
function requireType(req: Request, content: RequestContent): void {
  const hint = typeHints[contextOf(req).operation?.id ?? '']
  const form = content['multipart/form-data']
  const type = header(req, 'content-type')?.split(';', 1)[0]
  if (content['*/*']) {
    if (/^[ \t]*multipart\/form-data/i.test(sentContentType(req) ?? ''))
      throw unsupportedMediaType('PUT takes the bytes of a file alone: send a form with POST.')
  } else if (type === undefined ? form || hint : !Object.hasOwn(content, type)) {
    const part = form && filePartOf(form.schema)
    const wanted = part ? `, with the file in the part "${part}" (\`curl -F ${part}=@name\`)` : ''
    throw unsupportedMediaType(
      `Content-Type must be ${Object.keys(content).join(' or ')}${wanted}.${hint ?? ''}`,
    )
  }
}

/**
 * Receives a file. All checks that need no byte of the body come first, as in `validateParametersFirst`, so that no client
 * sends a body in vain.
 */
async function receiveUpload(deps: Deps, req: Request, res: Response, schema: DescribedSchema | undefined) {
  const encoding = header(req, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw encodingUnsupported(encoding)
  if (req.headers['content-range'] !== undefined)
    throw badRequest('Content-Range is not supported here: send the whole file (RFC 9110, 14.5).')
  const declaredBytes =
    req.headers['content-length'] === undefined ? undefined : Number(req.headers['content-length'])
  const expectedDigests = announcedDigests((name) => header(req, name))
  const key = declares(req, 'Idempotency-Key') ? header(req, 'idempotency-key') : undefined
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    throw badRequest('Idempotency-Key must have 1 to 255 characters of ASCII, without blanks.')
  const claim = key === undefined ? undefined : await claimIdempotencyKey(deps, actorOf(req), key)
  if (claim) keepClaim(req, res, claim)
  // A request that is sent again gets its answer, though the bucket may have a lower limit by now.
  const limit = claim?.answered ? await limitOfBucket(deps, undefined) : await uploadLimit(deps, req)
  const { maxBytes } = limit
  if (declaredBytes !== undefined && declaredBytes > maxBytes + (schema ? formOverheadBytes : 0))
    throw fileTooLarge(maxBytes)

  const body = openBody(deps, req, declaredBytes)
  const upload = { deps, req, res, body: body.bytes, declaredBytes, limit, expectedDigests }
  await body.during(() => (schema ? receiveForm(upload, schema) : receiveRaw(upload)))
  // For a handler that answers without taking the file. When a handler throws, `problemHandler` gives the file up.
  res.once('close', () => void giveUpReceived(deps, req))
}
