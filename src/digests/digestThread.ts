import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { createSharedReceiver, type SharedBytes } from '../runtime/sharedBytes.ts'

/** The next bytes of a file that a thread digests. */
export interface DigestMessage {
  /** The number of the file. */
  readonly file: number
  readonly algorithms: readonly string[]
  readonly bytes: SharedBytes
  /** Whether the file ends here. */
  readonly last: boolean
}

/** A file that was given up before its last bytes. */
export interface DroppedFile {
  readonly file: number
  readonly dropped: true
}

/** The answer to a message: its bytes may be overwritten. */
export interface DigestAnswer {
  readonly file: number
  /** In the order of the algorithms, after the last message. */
  readonly digests: readonly Uint8Array[] | undefined
}

const shared = createSharedReceiver()

/** The files that have not ended. */
const files = new Map<number, readonly Hash[]>()

parentPort?.on('message', (message: DigestMessage | DroppedFile) => {
  if ('dropped' in message) files.delete(message.file)
  else parentPort?.postMessage(digest(message))
})

function digest({ file, algorithms, bytes, last }: DigestMessage): DigestAnswer {
  const hashes = files.get(file) ?? algorithms.map((algorithm) => createHash(algorithm))
  const view = shared.receive(bytes)
  for (const hash of hashes) hash.update(view)
  if (last) files.delete(file)
  else files.set(file, hashes)
  return { file, digests: last ? hashes.map((hash) => hash.digest()) : undefined }
}
