import { receiveBytes } from '../../domain/storing/receiveBytes.ts'
import { contextOf } from '../contract/context.ts'
import { decodeText } from '../fields/decodeText.ts'
import { verifyReceivedDigests } from '../fields/digestFields.ts'
import { parseDisposition } from '../fields/disposition.ts'
import { header, sentContentType } from '../fields/header.ts'
import { badRequest } from '../problems/httpErrors.ts'
import { continueSending } from './continueSending.ts'
import type { Upload } from './receiveForm.ts'
import { openRoomOfBody } from './roomOfUpload.ts'

/** Receives a body that is the file itself. Throws `digest-mismatch` and the errors of `receiveBytes`. */
export async function receiveRaw(upload: Upload): Promise<void> {
  const { deps, req, res, body, declaredBytes, limit, expectedDigests } = upload
  const filename = filenameOf(header(req, 'content-disposition'))
  const room = await openRoomOfBody(deps, upload)
  continueSending(req, res)
  const sha512 = expectedDigests.some(({ algorithm }) => algorithm === 'sha-512')
  const { maxBytes } = limit
  const receipt = await receiveBytes(deps, body, { sha512, declaredBytes, maxBytes, room })
  contextOf(req).received = { receipt, filename, contentType: sentContentType(req) }
  verifyReceivedDigests(expectedDigests, receipt.digests, {})
  req.body = ''
}

/** The name of the file in Content-Disposition. Node reads the bytes of headers as Latin-1. */
function filenameOf(disposition: string | undefined): string | undefined {
  if (disposition === undefined) return undefined
  const refuse = (predicate: string) => badRequest(`The Content-Disposition ${predicate}.`)
  return parseDisposition(decodeText(Buffer.from(disposition, 'latin1')), refuse).filename
}
