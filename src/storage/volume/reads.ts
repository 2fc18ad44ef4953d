import type { FileHandle } from 'node:fs/promises'
import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { errorCode } from '../../errors.ts'
import type { ByteRange } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { BlobReader } from '../storage.ts'
import { openRegular } from './files.ts'
import { toStorageError } from './systemErrors.ts'

/**
 * Opens the file of a blob. Throws `file-not-found`, `file-damaged` when it is no regular file or too short,
 * `storage-unavailable`.
 */
export async function openToRead(path: string, { last }: ByteRange): Promise<BlobReader> {
  const { handle, size } = await openFile(path)
  if (size <= last) {
    await handle.close()
    throw fileDamaged(`There are ${size} bytes, too few.`)
  }
  return {
    read: (position, buffer) =>
      readFully(handle, position, buffer).catch((error: unknown) => {
        throw toStorageError(error)
      }),
    pause() {}, // nothing arrives that no read has asked for
    // Node closes a handle after the reads that were begun.
    close: () => handle.close(),
  }
}

async function openFile(path: string) {
  try {
    await failpoint('READ')
    return await openRegular(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') throw fileNotFound()
    throw code === 'ELOOP' || code === undefined ? fileDamaged(String(error)) : storageUnavailable(error)
  }
}

async function readFully(handle: FileHandle, position: number, buffer: Buffer): Promise<void> {
  await failpoint('READ')
  for (let filled = 0; filled < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) throw fileDamaged('The bytes end before they should.')
    filled += bytesRead
  }
}
