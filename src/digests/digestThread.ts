import { createHash } from 'node:crypto'
import { type MessagePort, parentPort } from 'node:worker_threads'

/** One file to digest. Its bytes come through the port, then `undefined`. */
export interface DigestJob {
  readonly algorithms: readonly string[]
  readonly port: MessagePort
  /** The number of the memory that holds the bytes. */
  readonly memory: number
  /** The memory of that number, when its number is new. */
  readonly bytes: SharedArrayBuffer | undefined
}

/** The bytes of the memory from `from` up to, and without, `to`. */
export interface DigestPiece {
  readonly from: number
  readonly to: number
}

/** All memory that was ever sent: V8 counts shared memory each time that it comes, and would soon collect. */
const memories = new Map<number, SharedArrayBuffer>()

parentPort?.on('message', ({ algorithms, port, memory, bytes }: DigestJob) => {
  const held = bytes ?? memories.get(memory)
  if (!held) throw new Error(`There is no memory ${memory}.`)
  memories.set(memory, held)
  const hashes = algorithms.map((algorithm) => createHash(algorithm))
  port.on('message', (piece: DigestPiece | undefined) => {
    if (piece === undefined) {
      port.postMessage(hashes.map((hash) => hash.digest()))
      return
    }
    const view = new Uint8Array(held, piece.from, piece.to - piece.from)
    for (const hash of hashes) hash.update(view)
    port.postMessage(undefined) // the memory of the bytes may be used again
  })
})
