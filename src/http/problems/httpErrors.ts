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

export const statusCode = (status: number): string =>
  (STATUS_CODES[status] ?? 'error').toLowerCase().replace(/[^a-z]+/g, '-')

export const notAcceptable = (types: readonly string[]) =>
  new HttpError(406, `The answer comes as ${types.join(' or ')}.`)
export const badRequest = (detail: string) => new HttpError(400, detail)
export const forbidden = (detail: string) => new HttpError(403, detail)
export const expectationFailed = () => new HttpError(417, 'The only expectation that is met is 100-continue.')
export const methodNotAllowed = (method: string, allow: string) =>
  new HttpError(405, `${method} is not a method of this resource.`, { Allow: allow })
export const unsupportedMediaType = (detail: string) => new HttpError(415, detail)
export const notFound = () => new HttpError(404, 'There is nothing at this address.')
