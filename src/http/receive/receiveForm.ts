import type { Request, Response } from 'express'
import type { Deps } from '../../deps.ts'
import { giveUp } from '../../domain/storing/lease.ts'
import { receiveBytes } from '../../domain/storing/receiveBytes.ts'
import { fileMissing, formInvalid } from '../../errors/requests.ts'
import { contextOf, type ReceivedFile } from '../contract/context.ts'
import type { DescribedSchema } from '../contract/describedOperation.ts'
import {
  algorithms,
  type ExpectedDigest,
  mayDescribeBody,
  verifyReceivedDigests,
} from '../fields/digestFields.ts'
import { badRequest } from '../problems/httpErrors.ts'
import { digestedBody } from './bodyStream.ts'
import { continueSending } from './continueSending.ts'
import { readField, skipField } from './formFields.ts'
import { type Part, parseMultipart } from './multipart.ts'
import { judgeForm, openRoomOfPart } from './roomOfUpload.ts'
import { limitForActor, type UploadLimit } from './uploadLimit.ts'

/** A request whose body holds a file. */
export interface Upload {
  readonly deps: Deps
  readonly req: Request
  readonly res: Response
  readonly body: AsyncIterable<Buffer>
  /** Content-Length. */
  readonly declaredBytes: number | undefined
  readonly limit: UploadLimit
  readonly expectedDigests: readonly ExpectedDigest[]
}

/** RFC 2046, 5.1.1 */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/**
 * Receives a form with one file. The parts may come in any order. Text parts with some text become `req.body`; the file part
 * becomes an empty text in it, because the spec requires a field for the file. Text parts that the operation does not know are
 * read and ignored, but for misspelt ones. A form whose schema allows no other parts is judged as S3 judges a form: its fields
 * come before the file, and text behind the file is ignored. Throws `form-invalid`, `form-too-large`, `file-missing`,
 * `digest-mismatch`, `quota-exceeded`, and the errors of `limitForActor` and `receiveBytes`.
 */
export async function receiveForm(upload: Upload, schema: DescribedSchema): Promise<void> {
  const { req, res, expectedDigests } = upload
  const context = contextOf(req)
  const boundary = boundaryOf(req)
  const properties = new Map(Object.entries(schema.properties ?? {}))
  const filePart = filePartOf(schema)
  const textFields = [...properties.keys()].filter((name) => name !== filePart)
  const strict = schema.additionalProperties === false
  await judgeForm(upload.deps, upload)
  continueSending(req, res)

  const body = digestedBody(
    upload.body,
    expectedDigests.filter(mayDescribeBody).map(({ algorithm }) => algorithms[algorithm]),
  )
  const fields = new Map<string, string>()
  for await (const part of parseMultipart(body.bytes, boundary)) {
    const { name } = part
    if (strict && context.received && name !== filePart) {
      await skipField(part, filePart, [])
      continue
    }
    if (!properties.has(name)) {
      if (strict)
        throw formInvalid(
          `This form may have only the parts ${[...properties.keys()].join(', ')}.`,
          `/${name.slice(0, 100)}`,
        )
      await skipField(part, filePart, textFields)
      continue
    }
    if (fields.has(name) || (context.received && name === filePart))
      throw formInvalid(`The form has the part "${name}" twice.`, `/${name}`)
    if (name === filePart) {
      if (strict) insistOnFields(schema.required ?? [], fields, filePart)
      const limit = upload.limit.bucketInForm
        ? await limitForActor(upload.deps, req, fields.get('bucket'))
        : upload.limit
      context.received = await receivePart({ ...upload, limit }, part, boundary)
    } else fields.set(name, await readField(part))
  }
  if (!context.received) throw fileMissing(filePart)
  verifyReceivedDigests(expectedDigests, context.received.receipt.digests, body.digests())
  // An empty field counts as not sent: an HTML form sends every field.
  const filled = [...fields].filter(([, text]) => text !== '')
  req.body = { ...Object.fromEntries(filled), [filePart]: '' }
}

function insistOnFields(required: readonly string[], fields: ReadonlyMap<string, string>, filePart: string) {
  const missing = required.find((name) => name !== filePart && (fields.get(name) ?? '') === '')
  if (missing !== undefined)
    throw formInvalid(`The form must have the field "${missing}" before its file.`, `/${missing}`)
}

async function receivePart(upload: Upload, part: Part, boundary: string): Promise<ReceivedFile> {
  const { deps, declaredBytes, limit, expectedDigests } = upload
  const { maxBytes } = limit
  if (part.filename === undefined) throw fileMissing(part.name, { cameAsText: true })
  const room = await openRoomOfPart(deps, upload, { begin: part.begin, boundary })
  const sha512 = expectedDigests.some(({ algorithm }) => algorithm === 'sha-512')
  // The form is longer than its file, so Content-Length is only an upper bound of the size of the file.
  const mostBytes = declaredBytes === undefined ? undefined : Math.min(declaredBytes, maxBytes)
  const receipt = await receiveBytes(deps, part.bytes, { sha512, declaredBytes: mostBytes, maxBytes, room })
  const { filename, contentType } = part
  if (receipt.size > 0 || filename !== '') return { receipt, filename, contentType }
  // Browsers send a part without name and bytes for a file input in which nothing was chosen.
  await giveUp(deps, receipt)
  throw fileMissing(part.name)
}

/** The name of the part of a form that is its file; empty when there is none. */
export const filePartOf = (schema: DescribedSchema | undefined): string =>
  Object.entries(schema?.properties ?? {}).find(([, property]) => property.format === 'binary')?.[0] ?? ''

function boundaryOf(req: Request): string {
  const type = req.headers['content-type'] ?? ''
  const [, quoted, token] = /;\s*boundary=(?:"([^"]*)"|([^;\s]*))/i.exec(type) ?? []
  const boundary = quoted ?? token
  if (boundary === undefined || !BOUNDARY.test(boundary))
    throw badRequest('Content-Type has no valid boundary.')
  return boundary
}
