import { formInvalid, formTooLarge } from '../../errors/requests.ts'
import { lookalike } from '../../runtime/nearest.ts'
import { decodeText } from '../fields/decodeText.ts'
import type { Part } from './multipart.ts'

const MAX_TEXT_BYTES = 64 * 1024

/** Fields in which clients that cut files into pieces (Dropzone, Plupload and others) send the number of pieces. */
const PIECES: ReadonlySet<string> = new Set([
  'dztotalchunkcount',
  'chunks',
  'qqtotalparts',
  'resumableTotalChunks',
  'flowTotalChunks',
  'totalChunks',
])

/**
 * Reads a text field that the operation knows. The field may come as a Blob or as a file of JSON, as generated clients send
 * metadata. Throws `form-invalid` for another file, and `form-too-large`.
 */
export async function readField(part: Part): Promise<string> {
  const { name, filename, contentType = '' } = part
  const isText = filename === undefined || filename === '' || filename === 'blob'
  if (!isText && !/^application\/json($|[;\s])/i.test(contentType))
    throw formInvalid(`The part "${name}" must be text, not a file.`, `/${name}`)
  return await readText(part)
}

/**
 * Reads a text field that the operation does not know, and forgets it: browsers and upload widgets send fields of their own.
 * `fields` are the names that the operation knows. Throws `form-invalid` for a file, which nobody would find again, for one of
 * several pieces of a file, and for a text whose field was probably meant to be one of `fields`; and `form-too-large`.
 */
export async function skipField(part: Part, filePart: string, fields: readonly string[]): Promise<void> {
  const name = part.name.slice(0, 100)
  const isFile = part.filename !== undefined && part.filename !== ''
  // Browsers send a part without name and bytes for a file input in which nothing was chosen.
  const text = isFile ? undefined : await readText(part)
  if (isFile || (part.filename === '' && text !== ''))
    throw formInvalid(`The file must come in the part "${filePart}", not in "${name}".`, `/${name}`)
  if (PIECES.has(name) && Number(text) > 1)
    throw formInvalid(
      `The form has one of ${text} pieces of a file: let the client send the file in one piece.`,
      `/${name}`,
    )
  // Some clients send an object as `metadata[album]`.
  const meant = text === '' ? undefined : lookalike(name.replace(/\[.*$/s, ''), fields)
  if (meant !== undefined)
    throw formInvalid(`The form has no field "${name}": did you mean "${meant}"?`, `/${name}`)
}

async function readText(part: Part): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of part.bytes) {
    size += chunk.length
    if (size > MAX_TEXT_BYTES)
      throw formTooLarge(`The part "${part.name.slice(0, 100)}" may have at most ${MAX_TEXT_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return decodeText(Buffer.concat(chunks))
}
