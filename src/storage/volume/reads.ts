import { fileDamaged, fileNotFound } from '../../errors/files.ts'
import { storageUnavailable } from '../../errors/service.ts'
import { errorCode } from '../../errors.ts'
import { type ByteRange, smallFileBytes } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { BlobReader } from '../storage.ts'
import type { DiskSpeed } from './diskSpeed.ts'
import { type OpenFile, openInPool, openOnLoop } from './openFiles.ts'
import { toStorageError } from './systemErrors.ts'

/**
 * Opens the file of a blob. A small range of a quick disk is read on the event loop, any other one in the thread pool
 * (docs/decisions/0027). Throws `file-not-found`, `file-damaged` when it is no regular file or too short, `storage-unavailable`.
 */
export async function openToRead(
  path: string,
  { first, last }: ByteRange,
  disk: DiskSpeed,
): Promise<BlobReader> {
  const onLoop = last - first < smallFileBytes && disk.isQuick()
  const file = await openFile(path, onLoop ? (file) => openOnLoop(file, disk) : openInPool)
  if (file.size <= last) {
    await file.close()
    throw fileDamaged(`There are ${file.size} bytes, too few.`)
  }
  return {
    read: (position, buffer) =>
      readFully(file, position, buffer).catch((error: unknown) => {
        throw toStorageError(error)
      }),
    pause() {}, // nothing arrives that no read has asked for
    close: async () => await file.close(),
  }
}

async function openFile(path: string, open: (path: string) => OpenFile | Promise<OpenFile>) {
  try {
    await failpoint('READ')
    return await open(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') throw fileNotFound()
    throw code === 'ELOOP' || code === undefined ? fileDamaged(String(error)) : storageUnavailable(error)
  }
}

async function readFully(file: OpenFile, position: number, buffer: Buffer): Promise<void> {
  await failpoint('READ')
  for (let filled = 0; filled < buffer.length; ) {
    const bytesRead = await file.read(buffer, filled, position + filled)
    if (bytesRead === 0) throw fileDamaged('The bytes end before they should.')
    filled += bytesRead
  }
}
