import { readSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import {
  attributesBody,
  fuseRequests,
  initBody,
  openBody,
  parsePlace,
  parseRequest,
  REQUEST_BYTES,
  statfsBody,
  toReply,
  writtenBody,
} from './fuse.ts'
import { createPowerSwitch } from './powerSwitch.ts'
import { createWriteCache, type KeptWrites } from './writeCache.ts'

/** What the thread of a disk is given. */
export interface DiskData {
  /** The open /dev/fuse. */
  readonly fuse: number
  readonly live: string
  readonly stable: string
  readonly bytes: number
  readonly power: SharedArrayBuffer
  readonly kept: KeptWrites
  readonly seed: number
}

const ENOSYS = 38
const data = workerData as DiskData
const power = createPowerSwitch(data.power)
const cache = createWriteCache(data.live, data.stable)

/** Undefined when the kernel waits for no reply; a number is the error. */
function answer(kind: number, rest: Buffer): Buffer | number | undefined {
  if (power.isReleased()) cache.forget()
  switch (kind) {
    case fuseRequests.read: {
      const { at, length } = parsePlace(rest)
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, data.bytes - at)))
      cache.read(bytes, at)
      return bytes
    }
    case fuseRequests.write: {
      power.count('write')
      const { at, length, bytes } = parsePlace(rest)
      cache.write(Buffer.from(bytes), at)
      return writtenBody(length)
    }
    case fuseRequests.fsync: // the FLUSH of the loop device
      power.count('flush')
      power.holdFlush()
      if (power.isCut()) cache.forget()
      cache.flush()
      return Buffer.alloc(0)
    case fuseRequests.init:
      return initBody()
    case fuseRequests.getattr:
    case fuseRequests.setattr:
      return attributesBody(data.bytes)
    case fuseRequests.open:
      return openBody()
    case fuseRequests.statfs:
      return statfsBody()
    case fuseRequests.release:
    case fuseRequests.flush:
    case fuseRequests.access:
    case fuseRequests.destroy:
      return Buffer.alloc(0)
    case fuseRequests.forget:
    case fuseRequests.interrupt:
    case fuseRequests.batchForget:
      return undefined
    default:
      return ENOSYS
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''

/** The length of the next request; undefined when the disk is unmounted. */
async function receive(room: Buffer): Promise<number | undefined> {
  for (;;) {
    try {
      const length = readSync(data.fuse, room, 0, room.length, null)
      return length === 0 ? undefined : length
    } catch (error) {
      const code = codeOf(error)
      if (!['EPERM', 'EINTR', 'EAGAIN', 'ENOENT'].includes(code)) return undefined
      if (code === 'EPERM') await sleep(2) // not mounted yet
    }
  }
}

function reply(bytes: Buffer): void {
  try {
    writeSync(data.fuse, bytes)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error // the request was interrupted
  }
}

const room = Buffer.alloc(REQUEST_BYTES)
for (let length = await receive(room); length !== undefined; length = await receive(room)) {
  const { kind, unique, rest } = parseRequest(room.subarray(0, length))
  const body = answer(kind, rest)
  if (body === undefined) continue
  reply(typeof body === 'number' ? toReply(unique, body) : toReply(unique, 0, body))
}
parentPort?.postMessage(cache.lose(data.kept, data.seed))
