import { parentPort } from 'node:worker_threads'
import { detectMediaType } from '../../src/domain/values/mediaTypes.ts'

/** Answers every head with its media type and the time that took. */
parentPort?.on('message', async (head: Uint8Array) => {
  const began = performance.now()
  const type = await detectMediaType(Buffer.from(head), undefined)
  parentPort?.postMessage({ type, milliseconds: performance.now() - began })
})
