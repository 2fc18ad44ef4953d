import { randomBytes } from 'node:crypto'
import type { GetWork, UploadWork } from './job.ts'

const boundary = 'bench-boundary-7d1f0c'
const blockSize = 1024 * 1024
const stampSize = 16

/** The pieces of request number n, ready to be written. */
export type Requests = (n: number) => Iterable<Buffer>

export function getRequests(work: GetWork): Requests {
  const credential = work.key === undefined ? '' : `x-api-key: ${work.key}\r\n`
  const requests = work.paths.map((path) => [
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${credential}\r\n`),
  ])
  return (n) => requests[n % requests.length] ?? []
}

export function uploadRequests({ kind, path, size }: UploadWork): Requests {
  const { opening, after } = frames[kind](path, size)
  const block = randomBytes(Math.min(size, blockSize))
  const seed = randomBytes(4).toString('hex')

  return (n) => {
    const first = stamped(block, `${n.toString(16).padStart(8, '0')}${seed}`)
    if (size <= block.length) return [Buffer.concat([opening, first, after])]
    return largeUpload({ opening, first, block, after, size })
  }
}

/** The bytes of a form before and after those of its file. */
type Frame = { opening: Buffer; after: Buffer }

function rawFrame(path: string, size: number): Frame {
  const head =
    `PUT ${path}?file_name=bench.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
    `Content-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`
  return { opening: Buffer.from(head), after: Buffer.alloc(0) }
}

/** The extension creation-with-upload of tus: one request, as a PUT. */
function tusFrame(path: string, size: number): Frame {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Length: ${size}\r\n` +
    `Content-Type: application/offset+octet-stream\r\nContent-Length: ${size}\r\n\r\n`
  return { opening: Buffer.from(head), after: Buffer.alloc(0) }
}

function formFrame(path: string, size: number): Frame {
  const before =
    `--${boundary}\r\nContent-Disposition: form-data; name="upfile"; filename="bench.bin"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n'
  const after = `\r\n--${boundary}--\r\n`
  const head =
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n` +
    `Content-Length: ${before.length + size + after.length}\r\n\r\n`
  return { opening: Buffer.from(head + before), after: Buffer.from(after) }
}

const frames = { upload: formFrame, put: rawFrame, tus: tusFrame }

type Upload = Frame & { first: Buffer; block: Buffer; size: number }

function* largeUpload({ opening, first, block, after, size }: Upload): Generator<Buffer> {
  yield opening
  yield first
  for (let sent = first.length; sent < size; sent += block.length) {
    yield size - sent < block.length ? block.subarray(0, size - sent) : block
  }
  yield after
}

/** The block with a beginning of its own: hex digits, which no file type starts with. */
function stamped(block: Buffer, stamp: string): Buffer {
  const copy = Buffer.from(block)
  copy.write(stamp, 0, stampSize, 'latin1')
  return copy
}
