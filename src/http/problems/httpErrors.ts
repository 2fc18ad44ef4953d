import { STATUS_CODES } from 'node:http'

/** A refusal that belongs to HTTP and not to the domain. Its message is meant for the client. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }

  /** The stable code of a problem: the status' name, as `not-acceptable`. */
  get code(): string {
    return statusCode(this.status)
  }
}

/** The name of a status as the code of a problem: `not-acceptable` for 406. */
export const statusCode = (status: number): string =>
  (STATUS_CODES[status] ?? 'error').toLowerCase().replace(/[^a-z]+/g, '-')

/** 406: the client takes none of the types that the answer comes in. */
export const notAcceptable = (types: readonly string[]) =>
  new HttpError(406, `The answer comes as ${types.join(' or ')}.`)
/** 400: the request breaks a rule of HTTP. */
export const badRequest = (detail: string) => new HttpError(400, detail)
/** 403, whoever asks. */
export const forbidden = (detail: string) => new HttpError(403, detail)
/** 417: an Expect header with something else than 100-continue. */
export const expectationFailed = () => new HttpError(417, 'The only expectation that is met is 100-continue.')
/** 405; `allow` lists the methods that the resource has. */
export const methodNotAllowed = (method: string, allow: string) =>
  new HttpError(405, `${method} is not a method of this resource.`, { Allow: allow })
/** 415: the body has a type or charset that the operation does not take. */
export const unsupportedMediaType = (detail: string) => new HttpError(415, detail)
/** 404: no operation and no page has this path. */
export const notFound = () => new HttpError(404, 'There is nothing at this address.')
