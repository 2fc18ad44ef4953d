import type { FileHandle } from 'node:fs/promises'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { errorCode } from '../../errors.ts'
import type { ByteRange } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { openRegular } from './files.ts'
import { toStorageError } from './systemErrors.ts'

/** A file that is open for reading, and how many bytes it has. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
}

/** Opens the file of a blob. Throws `file-not-found`, `file-damaged` when it is no regular file, `storage-unavailable`. */
export async function openToRead(path: string): Promise<OpenFile> {
  try {
    await failpoint('READ')
    return await openRegular(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') throw fileNotFound()
    throw code === 'ELOOP' || code === undefined ? fileDamaged(String(error)) : storageUnavailable(error)
  }
}

/**
 * Yields a range of a file in buffers of `blockBytes`, each overwritten once the next one is asked for, and closes the
 * file. Throws `file-damaged` when it is too short, and `storage-unavailable`.
 */
export async function* readBlocks(
  { handle, size }: OpenFile,
  range: ByteRange,
  blockBytes: number,
): AsyncGenerator<Buffer, void, void> {
  // Two buffers take turns: fresh ones would cost the kernel more than the bytes in them.
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(blockBytes, range.last + 1 - range.first)))
  const blockAt = (position: number) => {
    const [buffer = Buffer.alloc(0)] = buffers.reverse()
    const block = buffer.subarray(0, Math.min(blockBytes, range.last + 1 - position))
    return readFully(handle, position, block).catch((error: unknown) => {
      throw toStorageError(error)
    })
  }
  let ahead: Promise<Buffer> | undefined
  try {
    if (size <= range.last) throw fileDamaged(`There are ${size} bytes, too few.`)
    for (let position = range.first; position <= range.last; ) {
      const block = await (ahead ?? blockAt(position))
      position += block.length
      // The next block is read while this one is on its way to the client.
      ahead = position <= range.last ? blockAt(position) : undefined
      ahead?.catch(() => {}) // awaited in the next round, or below when the client has gone
      yield block
    }
  } finally {
    await ahead?.catch(() => {})
    await handle.close()
  }
}

async function readFully(handle: FileHandle, position: number, block: Buffer): Promise<Buffer> {
  await failpoint('READ')
  for (let filled = 0; filled < block.length; ) {
    const { bytesRead } = await handle.read(block, filled, block.length - filled, position + filled)
    if (bytesRead === 0) throw fileDamaged('The bytes end before they should.')
    filled += bytesRead
  }
  return block
}
