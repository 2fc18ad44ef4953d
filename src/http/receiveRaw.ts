import { parse } from 'content-disposition'
import { receiveBytes } from '../domain/receiveBytes.ts'
import { continueSending } from './expectation.ts'
import { badRequest } from './httpErrors.ts'
import { keepReceived } from './received.ts'
import type { Upload } from './receiveForm.ts'
import { header } from './request.ts'

/** Receives a body that is the file itself. Throws what `receiveBytes` throws. */
export async function receiveRaw({
  deps,
  req,
  res,
  body,
  declaredBytes,
  expectedDigests,
  claim,
}: Upload): Promise<void> {
  const filename = filenameOf(header(req, 'content-disposition'))
  continueSending(req, res)
  const sha512 = expectedDigests.some(({ algorithm }) => algorithm === 'sha-512')
  const receipt = await receiveBytes(deps, body, { sha512, declaredBytes })
  const contentType = header(req, 'content-type')
  req.body = ''
  keepReceived(deps, req, res, { receipt, filename, contentType, bodyDigests: {}, expectedDigests, claim })
}

function filenameOf(disposition: string | undefined): string | undefined {
  if (disposition === undefined) return undefined
  try {
    return parse(disposition).parameters.filename
  } catch {
    throw badRequest('Content-Disposition is malformed (RFC 6266).')
  }
}
