import type { Request, RequestHandler, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { claimIdempotencyKey } from '../../domain/storing/idempotency.ts'
import { fileTooLarge } from '../../errors/files.ts'
import { encodingUnsupported, preconditionFailed } from '../../errors/requests.ts'
import { descriptionOf } from '../contract/context.ts'
import type { DescribedSchema } from '../contract/describedOperation.ts'
import { parseDigests } from '../fields/digestFields.ts'
import { header } from '../fields/header.ts'
import { badRequest, unsupportedMediaType } from '../problems/httpErrors.ts'
import { openBody } from './bodyStream.ts'
import { keepClaim } from './claims.ts'
import { giveUpReceived } from './received.ts'
import { receiveForm } from './receiveForm.ts'
import { receiveJson } from './receiveJson.ts'
import { receiveRaw } from './receiveRaw.ts'
import { uploadLimit } from './uploadLimit.ts'

/** As the spec has it; judged here as well, because the key is kept before the validator sees it. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** What a form may add to the bytes of its file: text parts, headers and delimiters. */
const FORM_OVERHEAD_BYTES = 2 ** 20

/** Receives the body an operation declares: a form or raw bytes go to the storage, JSON becomes `req.body`. */
export function receiveBody(deps: Deps): RequestHandler {
  return async (req, res, next) => {
    const content = descriptionOf(req)?.requestBody?.content
    if (!content) return next()
    insistOnType(req, Object.keys(content))
    const form = content['multipart/form-data']
    if (!form && !content['*/*']) await receiveJson(req, res, deps.config.http)
    else await receiveUpload(deps, req, res, form?.schema)
    next()
  }
}

/** 415 before a byte is read. A body without a type is left to its parser. */
function insistOnType(req: Request, taken: readonly string[]) {
  const type = header(req, 'content-type')?.split(';', 1)[0]
  if (type === undefined || taken.includes('*/*') || taken.includes(type)) return
  throw unsupportedMediaType(`The body has to be ${taken.join(' or ')}.`)
}

/** Whether the operation says that it looks at a header. */
const declares = (req: Request, name: string) =>
  descriptionOf(req)?.parameters?.some((parameter) => parameter.name === name) ?? false

/** What can be refused without the bytes is refused before the first of them is asked for; see `parametersFirst`, too. */
async function receiveUpload(deps: Deps, req: Request, res: Response, schema: DescribedSchema | undefined) {
  const encoding = header(req, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw encodingUnsupported(encoding)
  if (req.headers['content-range'] !== undefined)
    throw badRequest('A part of a file cannot be put (RFC 9110, 14.5).')
  // An upload makes a file, and no entity tag is that of a file still to be made.
  if ((header(req, 'if-match') ?? '*').trim() !== '*') throw preconditionFailed('If-Match')
  const declaredBytes =
    req.headers['content-length'] === undefined ? undefined : Number(req.headers['content-length'])
  const maxBytes = await uploadLimit(deps, req)
  if (declaredBytes !== undefined && declaredBytes > maxBytes + (schema ? FORM_OVERHEAD_BYTES : 0))
    throw fileTooLarge(maxBytes)
  const expectedDigests = [
    ...parseDigests('Content-Digest', header(req, 'content-digest')),
    ...parseDigests('Repr-Digest', header(req, 'repr-digest')),
  ]
  const key = declares(req, 'Idempotency-Key') ? header(req, 'idempotency-key') : undefined
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    throw badRequest('An Idempotency-Key has 1 to 255 characters of ASCII, without blanks.')
  const claim = key === undefined ? undefined : await claimIdempotencyKey(deps, key)
  if (claim) keepClaim(req, res, claim)

  const body = openBody(req, deps.config.http, deps.youngBuffers)
  const upload = { deps, req, res, body: body.bytes, declaredBytes, maxBytes, expectedDigests }
  await body.during(() => (schema ? receiveForm(upload, schema) : receiveRaw(upload)))
  // For an operation that answers without it; when it throws, `problemHandler` gives the file up.
  res.once('close', () => void giveUpReceived(deps, req))
}
