import { isUtf8 } from 'node:buffer'
import { promisify } from 'node:util'
import type { Request, Response } from 'express'
import express from 'express'
import type { SlowLimits } from '../../config.ts'
import { findJsonLoss } from '../../domain/values/jsonLosses.ts'
import { metadataInvalid } from '../../errors/files.ts'
import { bodyTooSlow, jsonInvalid } from '../../errors/requests.ts'
import { errorCode } from '../../errors.ts'
import { descriptionOf } from '../contract/context.ts'
import { sentContentType } from '../fields/header.ts'
import { badRequest, jsonTooLarge, unsupportedMediaType } from '../problems/httpErrors.ts'
import { continueSending } from './continueSending.ts'

const MAX_DEPTH = 32

const DEFAULT_MAX_BYTES = 100 * 1024

const createParser = (limit: number) =>
  promisify(
    express.json({
      limit,
      type: () => true,
      strict: false,
      verify(_req, _res, bytes) {
        if (bytes.length === 0) throw jsonInvalid('The body is empty.')
        if (!isUtf8(bytes)) throw jsonInvalid('JSON must be encoded in UTF-8.')
        // Only a list of parts is larger. Its numbers and tags are compared with the parts, and it may be expensive to search.
        if (bytes.length <= DEFAULT_MAX_BYTES) refuseLosses(bytes.toString())
      },
    }),
  )

/** Throws `metadata-invalid` or `json-invalid` for a key or a number that the parser would change. */
function refuseLosses(text: string): void {
  const loss = findJsonLoss(text)
  if (loss)
    throw loss.member === 'metadata' ? metadataInvalid(loss.detail) : jsonInvalid(`The JSON ${loss.detail}.`)
}

const parsers = new Map<number, ReturnType<typeof createParser>>()

function parserFor(limit: number) {
  const parser = parsers.get(limit) ?? createParser(limit)
  parsers.set(limit, parser)
  return parser
}

/**
 * Receives a JSON body into `req.body`. Unpacked, the body may have as many bytes as `x-max-bytes` of the operation says, else
 * 100 KiB. It may be nested 32 levels deep, and has to arrive within `stallSeconds`. Throws `json-invalid`, `metadata-invalid`,
 * `body-too-slow` and an `HttpError`.
 */
export async function receiveJson(req: Request, res: Response, { stallSeconds }: SlowLimits): Promise<void> {
  const type = sentContentType(req) ?? ''
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(type)?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw unsupportedMediaType('The charset of JSON must be utf-8.')
  continueSending(req, res)
  const { promise: slow, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(bodyTooSlow()), stallSeconds * 1000)
  const maxBytes = descriptionOf(req)?.requestBody?.['x-max-bytes'] ?? DEFAULT_MAX_BYTES
  try {
    await Promise.race([parserFor(maxBytes)(req, res), slow])
  } catch (error) {
    throw explain(error, maxBytes)
  } finally {
    clearTimeout(timer)
  }
  if (req.body === undefined) throw jsonInvalid('The body is empty.')
  if (type === '') throw unsupportedMediaType('Content-Type must be application/json.')
  if (depthExceeds(req.body, MAX_DEPTH))
    throw jsonInvalid(`JSON may be nested at most ${MAX_DEPTH} levels deep.`)
}

/** The refusal for an error of Express's parser; any other error as it is. */
function explain(error: unknown, maxBytes: number): unknown {
  if (!Error.isError(error)) return error
  const { message } = error
  switch ('type' in error && error.type) {
    case 'entity.too.large':
      return jsonTooLarge(maxBytes)
    case 'entity.parse.failed':
      return jsonInvalid(`The body is no JSON: ${message.slice(0, 200)}.`)
    case 'encoding.unsupported':
      return unsupportedMediaType(
        'Content-Encoding of JSON may be gzip, deflate, br or zstd: send it as it is.',
      )
    default:
      return isZlibError(error)
        ? badRequest(`The body is not packed as Content-Encoding says: ${message}.`)
        : error
  }
}

/** Whether the error is of gzip or deflate, of zstd or of Brotli, in this order. */
const isZlibError = (error: Error) => /^(Z_|ZSTD_|ERR__ERROR_|ERR_BROTLI_)/.test(errorCode(error) ?? '')

/** Whether a JSON value is nested deeper than `levels`. The function itself recurses no deeper. */
const depthExceeds = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((child) => depthExceeds(child, levels - 1)))
