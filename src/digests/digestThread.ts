import { createHash } from 'node:crypto'
import { type MessagePort, parentPort } from 'node:worker_threads'

/** One file to digest. Its bytes come through the port, then `undefined`. */
export interface DigestJob {
  readonly algorithms: readonly string[]
  readonly port: MessagePort
}

parentPort?.on('message', ({ algorithms, port }: DigestJob) => {
  const hashes = algorithms.map((algorithm) => createHash(algorithm))
  port.on('message', (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) {
      port.postMessage(hashes.map((hash) => hash.digest()))
      return
    }
    for (const hash of hashes) hash.update(bytes)
    port.postMessage(undefined) // the memory of the bytes may be used again
  })
})
