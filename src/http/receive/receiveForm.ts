import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { giveUp } from '../../domain/storing/lease.ts'
import { receiveBytes } from '../../domain/storing/receiveBytes.ts'
import { fileMissing, formInvalid, formTooLarge } from '../../errors/requests.ts'
import { contextOf, type ReceivedFile } from '../contract/context.ts'
import type { DescribedSchema } from '../contract/describedOperation.ts'
import { algorithms, type ExpectedDigest, verifyReceived } from '../fields/digestFields.ts'
import { badRequest, unsupportedMediaType } from '../problems/httpErrors.ts'
import { digestedBody } from './bodyStream.ts'
import { continueSending } from './continueSending.ts'
import { type Part, parseMultipart } from './multipart.ts'

export interface Upload {
  readonly deps: Deps
  readonly req: Request
  readonly res: Response
  readonly body: AsyncIterable<Buffer>
  readonly declaredBytes: number | undefined
  /** How many bytes the file may have. */
  readonly maxBytes: number
  readonly expectedDigests: readonly ExpectedDigest[]
}

const MAX_TEXT_BYTES = 64 * 1024
/** RFC 2046, 5.1.1 */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/**
 * Receives a form with one file. The parts may come in any order; text parts become `req.body`, and the file part an
 * empty text there, so that the validator finds what the spec requires. Throws `form-invalid`, `form-too-large`,
 * `file-missing`, `digest-mismatch`, and what `receiveBytes` throws.
 */
export async function receiveForm(upload: Upload, schema: DescribedSchema): Promise<void> {
  const { req, res, expectedDigests } = upload
  const context = contextOf(req)
  const boundary = boundaryOf(req)
  const properties = new Map(Object.entries(schema.properties ?? {}))
  const filePart = [...properties].find(([, property]) => property.format === 'binary')?.[0] ?? ''
  continueSending(req, res)

  const ofBody = expectedDigests.filter(({ header }) => header === 'Content-Digest')
  const whole = digestedBody(
    upload.body,
    ofBody.map(({ algorithm }) => algorithms[algorithm]),
  )
  const fields = new Map<string, string>()
  for await (const part of parseMultipart(whole.bytes, boundary)) {
    const { name } = part
    if (!properties.has(name))
      throw formInvalid('The form has a part that is not known here.', `/${name.slice(0, 100)}`)
    if (fields.has(name) || (context.received && name === filePart))
      throw formInvalid('The form has this part twice.', `/${name}`)
    if (name === filePart) context.received = await receivePart(upload, part)
    else fields.set(name, await readText(part))
  }
  if (!context.received) throw fileMissing(filePart)
  verifyReceived(expectedDigests, context.received.receipt.digests, whole.digests())
  req.body = { ...Object.fromEntries(fields), [filePart]: '' }
}

async function receivePart(
  { deps, declaredBytes, maxBytes, expectedDigests }: Upload,
  part: Part,
): Promise<ReceivedFile> {
  if (part.filename === undefined) throw fileMissing(part.name)
  const sha512 = expectedDigests.some(({ algorithm }) => algorithm === 'sha-512')
  // The form is a little longer than its file, so its length says only how much room is needed at most.
  const expected = declaredBytes === undefined ? undefined : Math.min(declaredBytes, maxBytes)
  const receipt = await receiveBytes(deps, part.bytes, { sha512, declaredBytes: expected, maxBytes })
  const { filename, contentType } = part
  if (receipt.size > 0 || filename !== '') return { receipt, filename, contentType }
  // What browsers send for a file input in which nothing was chosen.
  await giveUp(deps, receipt)
  throw fileMissing(part.name)
}

async function readText(part: Part): Promise<string> {
  if (part.filename !== undefined) throw formInvalid('This part cannot be a file.', `/${part.name}`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of part.bytes) {
    size += chunk.length
    if (size > MAX_TEXT_BYTES)
      throw formTooLarge(`The part "${part.name}" may have at most ${MAX_TEXT_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function boundaryOf(req: Request): string {
  const type = req.headers['content-type']
  if (type === undefined) throw unsupportedMediaType('The body has to be multipart/form-data.')
  const [, quoted, token] = /;\s*boundary=(?:"([^"]*)"|([^;\s]*))/i.exec(type) ?? []
  const boundary = quoted ?? token
  if (boundary === undefined || !BOUNDARY.test(boundary))
    throw badRequest('Content-Type has no valid boundary.')
  return boundary
}
