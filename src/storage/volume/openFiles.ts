import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { DiskSpeed } from './diskSpeed.ts'
import { notRegular, openRegular, REGULAR_FILE } from './files.ts'

/** A regular file that is open for reading. */
export interface OpenFile {
  readonly size: number
  /** Fills `buffer` from `offset` on with bytes from `position` on. Returns their number, 0 at the end of the file. */
  read(buffer: Buffer, offset: number, position: number): number | Promise<number>
  close(): void | Promise<void>
}

/** Opens a file that the threads of Node's pool read. */
export async function openInPool(path: string): Promise<OpenFile> {
  const { handle, size } = await openRegular(path)
  return {
    size,
    read: async (buffer, offset, position) =>
      (await handle.read(buffer, offset, buffer.length - offset, position)).bytesRead,
    // Node closes a handle after the reads that were begun.
    close: () => handle.close(),
  }
}

/** Opens a file that the event loop reads, and waits for: four trips to the pool cost more than a small file of a quick disk. */
export function openOnLoop(path: string, disk: DiskSpeed): OpenFile {
  const { fd, size } = disk.time(() => openRegularSync(path))
  let open = true
  return {
    size,
    read(buffer, offset, position) {
      if (!open) throw new Error(`${path} is closed`) // its number may be the one of another file by now
      return disk.time(() => readSync(fd, buffer, offset, buffer.length - offset, position))
    },
    close() {
      if (open) closeSync(fd)
      open = false
    },
  }
}

function openRegularSync(path: string) {
  const fd = openSync(path, REGULAR_FILE)
  try {
    const status = fstatSync(fd)
    if (!status.isFile()) throw notRegular(path)
    return { fd, size: status.size }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
