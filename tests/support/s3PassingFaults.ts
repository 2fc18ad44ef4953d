import type { S3Fault } from './s3Faults.ts'

/** Faults that pass when a call is tried again, by what happens to the call. */
export const passingFaults: readonly (readonly [string, S3Fault])[] = [
  ['is reset before it is read', 'reset before'],
  ['is reset after it was done', 'reset after'],
  ['is answered 503 SlowDown', { status: 503, code: 'SlowDown' }],
  ['is answered 500 InternalError', { status: 500, code: 'InternalError' }],
  ['is answered 429', { status: 429, code: 'TooManyRequests' }],
  ['is answered 503 by a gateway', { status: 503, body: 'no healthy upstream' }],
  ['is answered 502 in HTML', { status: 502, body: '<html><body><h1>502 Bad Gateway</h1><hr></html>' }],
]
