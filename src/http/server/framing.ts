import type { Request, RequestHandler } from 'express'
import { badRequest, expectationFailed, type HttpError } from '../problems/httpErrors.ts'

/** Refuses what Node lets through and no honest client sends, and closes the connection: who knows what comes next. */
export const refuseOddFraming: RequestHandler = (req, res, next) => {
  const refusal = findOddity(req)
  if (!refusal) return next()
  res.set('Connection', 'close')
  next(refusal)
}

function findOddity({ rawHeaders, headers, httpVersion, originalUrl }: Request): HttpError | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return badRequest('The protocol is HTTP/1.1.')
  const hosts = rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name),
  ).length
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0'))
    return badRequest('A request has exactly one Host header.')
  if (!originalUrl.startsWith('/') && originalUrl !== '*')
    return badRequest('The target of a request must begin with a slash: this is no proxy.')
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    return badRequest('The only transfer coding that is taken is chunked.')
  const { expect } = headers
  if (expect !== undefined && !/^100-continue$/i.test(expect)) return expectationFailed()
  return undefined
}
