import { refusal } from './refusal.ts'

/** A form with which a browser uploads one file. */
export interface UploadForm {
  /** By names in lower case. Fields after the file are ignored. */
  readonly fields: ReadonlyMap<string, string>
  readonly file: Buffer
  readonly fileName: string
}

const MOST_FIELD_BYTES = 20_000

/** Throws Amazon's refusal of a form that is malformed or has no file. */
export function parseForm(body: Buffer, contentType: string): UploadForm {
  const [, quoted, bare] =
    /^multipart\/form-data\s*;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined)
    throw refusal('PreconditionFailed', 'Bucket POST must be of the enclosure-type multipart/form-data')
  const fields = new Map<string, string>()
  let fieldBytes = 0
  for (const { name, fileName, content } of parts(body, boundary)) {
    if (name === 'file') return { fields, file: content, fileName }
    fieldBytes += name.length + content.length
    if (fieldBytes > MOST_FIELD_BYTES)
      throw refusal(
        'MaxPostPreDataLengthExceeded',
        'Your POST request fields preceding the upload file were too large.',
      )
    if (fields.has(name))
      throw refusal('InvalidArgument', `POST requires exactly one field of a name: ${name}`, {
        ArgumentName: name,
      })
    fields.set(name, content.toString())
  }
  throw refusal('InvalidArgument', 'POST requires exactly one file upload per request.', {
    ArgumentName: 'file',
  })
}

function* parts(body: Buffer, boundary: string) {
  const malformed = () =>
    refusal('MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.')
  const opening = Buffer.from(`--${boundary}`)
  const delimiter = Buffer.concat([Buffer.from('\r\n'), opening])
  if (!body.subarray(0, opening.length).equals(opening)) throw malformed()
  let position = opening.length
  while (body.toString('latin1', position, position + 2) === '\r\n') {
    const headEnd = body.indexOf('\r\n\r\n', position)
    const end = headEnd === -1 ? -1 : body.indexOf(delimiter, headEnd + 2)
    if (end === -1) throw malformed()
    const head = body.toString('utf8', position, headEnd)
    const [, name] = /^content-disposition: *form-data\b.*?; *name="([^"]*)"/im.exec(head) ?? []
    const [, fileName = ''] = /; *filename="([^"]*)"/i.exec(head) ?? []
    if (name === undefined) throw malformed()
    yield { name: name.toLowerCase(), fileName, content: body.subarray(headEnd + 4, end) }
    position = end + delimiter.length
  }
  if (body.toString('latin1', position, position + 2) !== '--') throw malformed()
}
