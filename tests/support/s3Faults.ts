import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The faults that a proxy in front of an S3 server can inject into a call. */
export type S3Fault =
  | 'reset before'
  | 'reset after'
  | 'half an answer'
  | 'wrong checksum'
  | 'changed bytes'
  | 'wrong size'
  | { readonly lateBySeconds: number }
  /** An answer of this proxy's own; `afterwards` when the server did it all the same. */
  | { readonly status: number; readonly code: string; readonly afterwards?: true }
  | { readonly status: number; readonly body: string }
  /** Done before the call is passed on. */
  | (() => Promise<unknown>)
  /** The server's answer with a changed body. */
  | { readonly rewrite: (body: string) => string }

/** The calls that a storage and its clients make, by what S3 names them. */
export type S3Call =
  | 'PutObject'
  | 'PostObject'
  | 'CopyObject'
  | 'UploadPartCopy'
  | 'ListParts'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'HeadObject'
  | 'GetObject'
  | 'DeleteObject'

export interface S3FaultProxy {
  readonly endpoint: string
  /** The calls that came so far. */
  readonly calls: readonly S3Call[]
  /** Does this to the next `times` calls of this name. */
  inject(call: S3Call, fault: S3Fault, times?: number): void
  /** Breaks nothing any more. */
  heal(): void
  /** From now on nobody listens there. */
  disappear(): Promise<void>
  reappear(): Promise<void>
  close(): Promise<void>
}

/** Stands between a storage and a real S3 server, and passes on every call that it is not told to break. */
export async function createS3FaultProxy(target: string): Promise<S3FaultProxy> {
  const { hostname, port } = new URL(target)
  const calls: S3Call[] = []
  const ending = new AbortController()
  const late = { signal: ending.signal, ref: false }
  const faults: { call: S3Call; fault: S3Fault; times: number }[] = []

  function takeFault(call: S3Call): S3Fault | undefined {
    const found = faults.find((each) => each.call === call && each.times > 0)
    if (found) found.times -= 1
    return found?.fault
  }

  const server = createServer((req, res) => {
    serve(req, res).catch(() => res.destroy()) // the client has gone
  })

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const call = nameCall(req)
    calls.push(call)
    const fault = takeFault(call)
    if (fault === 'reset before') return void req.socket.resetAndDestroy()
    const body = Buffer.concat(await Array.fromAsync<Buffer>(req))
    if (typeof fault === 'function') await fault()
    if (isObject(fault, 'lateBySeconds')) await sleep(fault.lateBySeconds * 1000, undefined, late)
    if (isObject(fault, 'status') && !('afterwards' in fault)) return answerError(res, fault)
    if (fault === 'changed bytes') body[body.length >> 1] = ~(body[body.length >> 1] ?? 0)
    const { method, url: path, headers } = req
    const forwarded = request({ hostname, port, method, path, headers })
    forwarded.end(body)
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
    const bytes = Buffer.concat(await Array.fromAsync<Buffer>(answer))
    if (fault === 'reset after') return void req.socket.resetAndDestroy()
    if (isObject(fault, 'status')) return answerError(res, fault)
    if (isObject(fault, 'rewrite')) {
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = answer.headers
      return void res.writeHead(answer.statusCode ?? 500, kept).end(fault.rewrite(bytes.toString()))
    }
    res.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...changedHeaders(fault) })
    if (fault !== 'half an answer') return void res.end(bytes)
    res.write(bytes.subarray(0, bytes.length >> 1), () => req.socket.resetAndDestroy())
  }

  async function listen(wanted: number): Promise<number> {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async function disappear() {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  const ownPort = await listen(0)

  return {
    endpoint: `http://127.0.0.1:${ownPort}`,
    calls,
    inject: (call, fault, times = 1) => void faults.push({ call, fault, times }),
    heal: () => void faults.splice(0),
    disappear,
    reappear: async () => void (await listen(ownPort)),
    async close() {
      ending.abort()
      await disappear()
    },
  }
}

/** Whichever of the two the storage looks at. */
const otherChecksums = { etag: `"${'0'.repeat(32)}"`, 'x-amz-checksum-crc32': 'AAAAAA==' }

const isObject = <Name extends string>(
  fault: S3Fault | undefined,
  name: Name,
): fault is Extract<S3Fault, { readonly [Key in Name]: unknown }> =>
  typeof fault === 'object' && name in fault

function changedHeaders(fault: S3Fault | undefined) {
  if (fault === 'wrong checksum') return otherChecksums
  return fault === 'wrong size' ? { 'content-length': '1' } : {}
}

function answerError(res: ServerResponse, fault: Extract<S3Fault, { readonly status: number }>): void {
  res.writeHead(fault.status, { 'content-type': 'code' in fault ? 'application/xml' : 'text/html' })
  if ('body' in fault) return void res.end(fault.body)
  const { code } = fault
  res.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  )
}

function nameCall({ method, url = '', headers }: IncomingMessage): S3Call {
  const { searchParams, pathname } = new URL(url, 'http://s3')
  const isPart = searchParams.has('uploadId')
  const ofBucket = pathname.split('/').filter((segment) => segment !== '').length === 1
  const isCopy = 'x-amz-copy-source' in headers
  if (method === 'PUT' && isCopy) return isPart ? 'UploadPartCopy' : 'CopyObject'
  if (method === 'PUT') return isPart ? 'UploadPart' : 'PutObject'
  if (method === 'POST' && ofBucket) return 'PostObject'
  if (method === 'POST') return isPart ? 'CompleteMultipartUpload' : 'CreateMultipartUpload'
  if (method === 'DELETE') return isPart ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'HEAD') return 'HeadObject'
  if (!ofBucket) return isPart ? 'ListParts' : 'GetObject'
  return searchParams.has('uploads') ? 'ListMultipartUploads' : 'ListObjectsV2'
}
