import { parentPort } from 'node:worker_threads'
import { detectMediaType } from '../../src/domain/detection/detectMediaType.ts'
import { fileBytesOf } from './fileBytes.ts'

/** Answers every file with its media type and the time that took. */
parentPort?.on('message', async (bytes: Uint8Array) => {
  const began = performance.now()
  const type = await detectMediaType(fileBytesOf(Buffer.from(bytes)), {
    declaredType: undefined,
    name: undefined,
  })
  parentPort?.postMessage({ type, milliseconds: performance.now() - began })
})
