import type { Response } from 'express'
import type { SlowLimits } from '../../config.ts'
import type { FileReader } from '../../domain/files/openFile.ts'
import { type ByteRange, smallFileBytes } from '../../model/blob.ts'
import type { BlockPool } from '../../runtime/blockPool.ts'
import { createClientWriter } from './clientWriter.ts'
import { pieceBytes } from './sendBlocks.ts'

/**
 * Takes memory for a small file as a whole. Returns the function that gives it back; undefined when the file is larger, or when
 * the downloads have no memory left. A file of one piece is not counted: any download may keep that much.
 */
export function takeMemory(size: number, blockPool: BlockPool): (() => void) | undefined {
  if (size <= pieceBytes) return () => {}
  return size <= smallFileBytes ? blockPool.takeBytes(size) : undefined
}

/** Sends a range of a file of `size` bytes, in memory as a whole, and ends the answer. Throws as `sendBlocks` does. */
export async function sendSmall(
  res: Response,
  reader: FileReader,
  { first }: ByteRange,
  { size, limits }: { readonly size: number; readonly limits: SlowLimits },
): Promise<void> {
  await createClientWriter(res, limits).end(await reader.read(first, Buffer.allocUnsafe(size)))
}
