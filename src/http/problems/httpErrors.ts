import { STATUS_CODES } from 'node:http'

/** An error of HTTP, not of the domain. The client sees its message. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The places at fault, as in the body of a problem. */
  readonly errors: readonly Readonly<Record<string, string>>[]

  constructor(
    status: number,
    message: string,
    { headers = {}, errors = [] }: Partial<Pick<HttpError, 'headers' | 'errors'>> = {},
  ) {
    super(message)
    this.status = status
    this.headers = headers
    this.errors = errors
  }

  /** The stable code of the problem, such as `not-acceptable` for 406. */
  get code(): string {
    return statusCode(this.status)
  }
}

/** The name of a status as the code of a problem: `not-acceptable` for 406. */
export const statusCode = (status: number): string =>
  (STATUS_CODES[status] ?? 'error').toLowerCase().replace(/[^a-z]+/g, '-')

/** 406: Accept allows none of `types`, the media types of the answer. */
export const notAcceptable = (types: readonly string[]) =>
  new HttpError(406, `Accept must allow ${types.join(' or ')}.`)
/** 400: the request breaks a rule of HTTP. */
export const badRequest = (detail: string) => new HttpError(400, detail)
/** 413: JSON above its limit. */
export const jsonTooLarge = (maxBytes: number) =>
  new HttpError(413, `JSON may have at most ${maxBytes} bytes here, unpacked.`)
/** 400: a query parameter breaks the contract. The `detail` sentence follows "The parameter <name>". */
export const invalidParameter = (name: string, detail: string) =>
  new HttpError(400, `The parameter ${name} ${detail}.`, { errors: [{ parameter: name, detail }] })
/** 417: Expect has another value than 100-continue. */
export const expectationFailed = () =>
  new HttpError(417, 'The only supported value of Expect is 100-continue.')
/** 405. `allow` lists the methods of the resource, as Allow does; `hint` is a sentence behind a blank. */
export const methodNotAllowed = (method: string, allow: string, hint = '') =>
  new HttpError(405, `This resource has no method ${method}: use ${allow}.${hint}`, {
    headers: { Allow: allow },
  })
/** 415: the operation does not accept the media type or the charset of the body. */
export const unsupportedMediaType = (detail: string) => new HttpError(415, detail)
/** 501: the body has a transfer coding beside chunked (RFC 9112, 6.1). */
export const codingNotImplemented = () =>
  new HttpError(501, 'The only supported Transfer-Encoding is chunked: send the bytes as they are.')
/** 505: the request has a version that this service does not speak. */
export const versionNotSupported = () => new HttpError(505, 'The protocol must be HTTP/1.1 or HTTP/1.0.')
/** 404: no operation and no page has this path. `hint` is a sentence behind a blank. */
export const notFound = (hint = '') => new HttpError(404, `There is nothing at this address.${hint}`)
