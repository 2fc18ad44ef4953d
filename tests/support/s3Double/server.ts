import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { insistOnLength, judgeBody, readAll } from './body.ts'
import { contentsOf, type S3Answer, type S3Call } from './call.ts'
import { answerPreflight, corsHeaders } from './cors.ts'
import type { S3DoubleKey } from './credentials.ts'
import { HangUp, type Meddling } from './meddling.ts'
import { findOperation, type OperationName, operations } from './operations.ts'
import { postObject } from './postObject.ts'
import { hoistedHeaders, isPresigned, verifyQuery } from './presigned.ts'
import { refusal, S3Refusal } from './refusal.ts'
import { parseRequest, type S3Request } from './request.ts'
import { verifyHeaders } from './signedHeaders.ts'
import type { World } from './world.ts'
import { toXml, type XmlElement } from './xml.ts'

export interface S3Double {
  readonly endpoint: string
  readonly region: string
  /** The calls that were signed well so far. */
  readonly calls: readonly OperationName[]
  /** Stands between the next `times` calls of this name and what they do; all of them when nothing else is said. */
  meddle(operation: OperationName, meddling: Meddling, times?: number): void
  /** Ends all meddling. */
  restore(): void
  /** Lets the server's clock go so much after the real one, or before when negative. */
  setClock(milliseconds: number): void
  stop(): Promise<void>
}

export interface S3DoubleOptions {
  readonly keys: readonly S3DoubleKey[]
  readonly region: string
  /** 0 means any. */
  readonly port: number
}

/** In virtual-host style a bucket stands before this in the name of the host. */
const DOMAIN = 'localhost'

/**
 * An S3 server in this process, in memory, as strict as Amazon is: it knows no anonymous calls, computes every proof that
 * comes with bytes, and refuses what it does not know.
 */
export async function startS3Double({ keys, region, port }: S3DoubleOptions): Promise<S3Double> {
  const world: World = new Map()
  const calls: OperationName[] = []
  const meddlings: { operation: OperationName; meddling: Meddling; times: number }[] = []
  let clockMilliseconds = 0
  const judge = { keys, region, now: () => new Date(Date.now() + clockMilliseconds) }

  function takeMeddling(operation: OperationName): Meddling {
    const found = meddlings.find((each) => each.operation === operation && each.times > 0)
    if (found) found.times -= 1
    return found?.meddling ?? ((perform) => perform())
  }

  async function answer(request: S3Request, stream: IncomingMessage): Promise<S3Answer> {
    if (request.method === 'OPTIONS') return answerPreflight(request)
    const operation = findOperation(request)
    const payloadHash = operation === 'PostObject' ? 'UNSIGNED-PAYLOAD' : verify(request)
    const headers = new Map([...request.headers, ...hoistedHeaders(request)])
    const query = new Map(request.query)
    insistOnLength({ method: request.method, headers })
    calls.push(operation)
    const place = { s3Bucket: request.s3Bucket ?? '', key: request.key ?? '' }
    const changesBefore = world.get(place.s3Bucket)?.changes.get(place.key) ?? 0

    return await takeMeddling(operation)(async () => {
      if (operation !== 'CreateBucket') contentsOf({ world, ...place })
      const body = judgeBody(await readAll(stream), payloadHash, headers)
      const { method } = request
      const call: S3Call = {
        world,
        region,
        method,
        ...place,
        query,
        headers,
        body,
        changesBefore,
        now: judge.now(),
      }
      return operation === 'PostObject' ? postObject(call, judge) : operations[operation](call)
    })
  }

  function verify(request: S3Request): string {
    const isSigned = request.headers.has('authorization')
    if (isSigned && isPresigned(request))
      throw refusal('InvalidArgument', 'Only one auth mechanism allowed', { ArgumentName: 'Authorization' })
    if (isPresigned(request)) return verifyQuery(request, judge)
    if (isSigned) return verifyHeaders(request, judge)
    throw refusal('AccessDenied', 'Access Denied')
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase()
    const common = { 'x-amz-request-id': requestId, date: judge.now().toUTCString(), server: 'S3Double' }
    let request: S3Request | undefined
    try {
      request = parseRequest(req, DOMAIN)
      send(res, req.method, await answer(request, req), { ...common, ...corsHeaders(request) })
    } catch (error) {
      if (error instanceof HangUp || req.errored) return void req.socket.resetAndDestroy()
      const told = toRefusal(error)
      const cors = request ? corsHeaders(request) : {}
      send(res, req.method, answerRefusal(told, requestId, request?.path ?? ''), { ...common, ...cors })
    }
  }

  const server = createServer((req, res) => void serve(req, res))
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    res.writeContinue()
    void serve(req, res)
  })
  // Longer than any client keeps a connection, so that none is closed in the moment it is used again.
  server.keepAliveTimeout = 60_000
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`,
    region,
    calls,
    meddle: (operation, meddling, times = Number.POSITIVE_INFINITY) =>
      void meddlings.push({ operation, meddling, times }),
    restore: () => void meddlings.splice(0),
    setClock: (milliseconds) => {
      clockMilliseconds = milliseconds
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A mistake of the double itself must not look like one of its faults. */
function toRefusal(error: unknown): S3Refusal {
  if (error instanceof S3Refusal) return error
  return refusal('NotImplemented', `The double is broken: ${error instanceof Error ? error.stack : error}`)
}

function send(
  res: ServerResponse,
  method: string | undefined,
  { status, headers, body }: S3Answer,
  common: Readonly<Record<string, string>>,
): void {
  const length = String(body.reduce((sum, piece) => sum + piece.length, 0))
  const hasNone = status === 204 || status === 304
  res.writeHead(status, { ...(!hasNone && { 'content-length': length }), ...headers, ...common })
  if (method !== 'HEAD' && !hasNone) for (const piece of body) res.write(piece)
  res.end()
}

function answerRefusal(
  { code, status, message, details }: S3Refusal,
  requestId: string,
  path: string,
): S3Answer {
  const { ETag, ...others } = details
  const elements: XmlElement[] = [
    ['Code', code],
    ['Message', message],
    ...Object.entries(others),
    ['Resource', path],
    ['RequestId', requestId],
  ]
  const body = status === 304 ? [] : [Buffer.from(toXml('Error', elements, ''))]
  return { status, headers: { 'content-type': 'application/xml', ...(ETag && { etag: ETag }) }, body }
}
