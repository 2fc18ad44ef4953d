import type { Response } from 'express'
import type { SlowLimits } from '../../config.ts'
import type { FileReader } from '../../domain/files/openFile.ts'
import type { ByteRange } from '../../model/blob.ts'
import type { BlockPool, PooledBlock } from '../../runtime/blockPool.ts'
import { createClientWriter } from './clientWriter.ts'

/** The bytes of a download that wait in memory for a client that does not read. */
export const pieceBytes = 16 * 1024

/** A client that takes a block within this time is quick. */
const QUICK_MILLISECONDS = 1000

/**
 * Sends a range of a file at the speed of the client, and ends the answer. A block is copied to the client in pieces; while the
 * client does not take a piece, other downloads may have the buffer of the block, and the rest of the block is read again later.
 * The blocks of a quick client are written whole, and the next one is read meanwhile. While other downloads wait for a buffer,
 * each gives its own back after a block. An error before the first byte is thrown and can still become a problem. After a later
 * error `problemHandler` cuts the connection, so that no client takes a part for the whole file.
 */
export async function sendBlocks(
  res: Response,
  reader: FileReader,
  { first, last }: ByteRange,
  { blockPool, limits }: { readonly blockPool: BlockPool; readonly limits: SlowLimits },
): Promise<void> {
  const client = createClientWriter(res, limits)
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  let position = first
  const unfinished = () => position <= last && !res.destroyed

  /** Sends the rest of a block. Resolves with the milliseconds that the client took; undefined when the buffer was taken. */
  async function sendBlock(pooled: PooledBlock): Promise<number | undefined> {
    const bytes = await reader.read(position, pooled.buffer)
    let milliseconds = 0
    for (let offset = 0; offset < bytes.length && !res.destroyed; ) {
      const length = bytes.copy(piece, 0, offset)
      offset += length
      position += length
      const rest = bytes.subarray(offset)
      const offer = () => pooled.offer(() => reader.pause(position, rest))
      milliseconds += await client.write(piece.subarray(0, length), offer)
      if (!pooled.withdraw()) return undefined
    }
    return milliseconds
  }

  /** Sends whole blocks, and reads each while the one before is on its way, until the client is no longer quick. */
  async function sendAhead(pooled: PooledBlock, second: PooledBlock): Promise<void> {
    const buffers = [pooled.buffer, second.buffer]
    const read = (at: number) => {
      const [buffer = pooled.buffer] = buffers.reverse()
      return reader.read(at, buffer)
    }
    let next: Promise<Buffer> | undefined = read(position)
    while (next) {
      const bytes: Buffer = await next
      position += bytes.length
      next = unfinished() && !blockPool.wanted() ? read(position) : undefined
      next?.catch(() => {}) // awaited below
      const milliseconds = await client.write(bytes)
      if (milliseconds <= QUICK_MILLISECONDS && !res.destroyed) continue
      await next // the storage may write into the buffer until then
      return
    }
  }

  let pooled: PooledBlock | undefined
  try {
    while (unfinished()) {
      pooled ??= await blockPool.take()
      if (!unfinished()) break // the client left while the download waited for a buffer
      const milliseconds = await sendBlock(pooled)
      if (milliseconds === undefined) pooled = undefined
      else if (blockPool.wanted()) {
        reader.pause(position, Buffer.alloc(0))
        pooled.release()
        pooled = undefined
      } else if (milliseconds <= QUICK_MILLISECONDS && unfinished()) {
        const second = blockPool.takeAhead()
        if (second) await sendAhead(pooled, second).finally(second.release)
      }
    }
  } finally {
    pooled?.release()
  }
  res.end()
}
