import type { Request, Response } from 'express'
import {
  badRequest,
  codingNotImplemented,
  expectationFailed,
  type HttpError,
  versionNotSupported,
} from '../problems/httpErrors.ts'

/**
 * Refuses messages that Node accepts and no honest client sends. Closes the connection, because the next bytes on it may
 * belong to the refused message.
 */
export function refuseOddFraming(req: Request, res: Response): void {
  const refusal = refusalOf(req)
  if (!refusal) return
  res.set('Connection', 'close')
  throw refusal
}

function refusalOf({ rawHeaders, headers, httpVersion, originalUrl }: Request): HttpError | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return versionNotSupported()
  const hosts = rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name),
  ).length
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0'))
    return badRequest('A request must have exactly one Host header.')
  if (!originalUrl.startsWith('/') && originalUrl !== '*')
    return badRequest(
      'The target of a request must begin with a slash, or with the host of Host: this service is no proxy.',
    )
  const coding = headers['transfer-encoding']
  if (coding !== undefined && httpVersion === '1.1' && /,[ \t]*chunked$/i.test(coding))
    return codingNotImplemented()
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    return badRequest('The only supported Transfer-Encoding is chunked, in HTTP/1.1.')
  const { expect } = headers
  if (expect !== undefined && !/^100-continue$/i.test(expect)) return expectationFailed()
  return undefined
}
