import { answerEmpty, type S3Answer } from './call.ts'
import { refusal } from './refusal.ts'
import type { S3Request } from './request.ts'

/** What lets a page of any origin read an answer, as a bucket's CORS rules for browsers' uploads say. */
export const corsHeaders = ({ headers }: Pick<S3Request, 'headers'>): Record<string, string> =>
  headers.has('origin')
    ? {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'ETag, Location, x-amz-request-id, x-amz-checksum-crc32',
        vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      }
    : {}

/** Answers the preflight request of a browser. */
export function answerPreflight({ headers }: S3Request): S3Answer {
  const method = headers.get('access-control-request-method')
  if (!headers.has('origin') || method === undefined)
    throw refusal('BadRequest', 'Insufficient information. Origin request header needed.')
  if (!['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method))
    throw refusal('AccessDenied', 'CORSResponse: This CORS request is not allowed.')
  return answerEmpty(200, {
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
    'access-control-allow-headers': headers.get('access-control-request-headers') ?? '',
    'access-control-max-age': '3000',
  })
}
