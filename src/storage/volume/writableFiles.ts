import { closeSync, constants, fsync, openSync, write, writevSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { NEW_FILE, openNew } from './files.ts'

/** A file that was just made, and is open for writing. All functions throw the system's error. */
export interface WritableFile {
  /** Opens the file a second time, for direct writes. Does nothing when it was opened so before. */
  openDirect(): void | Promise<void>
  /** Writes whole pages past the page cache, after `openDirect`. Returns the number of bytes that were written. */
  writeDirect(pages: Buffer, position: number): Promise<number>
  /** Returns the number of bytes that were written. */
  writeBuffered(batch: readonly Buffer[], position: number): number | Promise<number>
  sync(): Promise<void>
  /** Closes the file once; later calls do nothing. */
  close(): void | Promise<void>
}

const { O_WRONLY, O_DIRECT } = constants
const DIRECT = O_WRONLY | O_DIRECT

/** The open file itself, whatever its path leads to by now. */
const again = (fd: number) => `/proc/self/fd/${fd}`

const notOpened = () => new Error('The file was not opened for direct writes.')

/** Makes a file that the threads of Node's pool write. Fails when anything, a link included, has that name already. */
export async function createInPool(path: string): Promise<WritableFile> {
  const handle = await openNew(path)
  let direct: FileHandle | undefined
  let closed = false
  return {
    async openDirect() {
      direct ??= await open(again(handle.fd), DIRECT)
    },
    async writeDirect(pages, position) {
      if (!direct) throw notOpened()
      return (await direct.write(pages, 0, pages.length, position)).bytesWritten
    },
    writeBuffered: async (batch, position) => (await handle.writev(batch, position)).bytesWritten,
    sync: () => handle.sync(),
    async close() {
      if (closed) return
      closed = true
      try {
        await direct?.close()
      } finally {
        await handle.close()
      }
    },
  }
}

const writeInPool = promisify(write)
const syncInPool = promisify(fsync)

/**
 * Makes a file that a thread of its own writes, without a trip to Node's pool for each call. Only direct writes and syncs go to
 * that pool, so that a slow disk works on many files at once. Fails as `createInPool` does.
 */
export function createInThread(path: string): WritableFile {
  const fd = openSync(path, NEW_FILE, 0o600)
  let direct: number | undefined
  let closed = false
  return {
    openDirect() {
      direct ??= openSync(again(fd), DIRECT)
    },
    async writeDirect(pages, position) {
      if (direct === undefined) throw notOpened()
      return (await writeInPool(direct, pages, 0, pages.length, position)).bytesWritten
    },
    writeBuffered: (batch, position) => writevSync(fd, batch, position),
    sync: () => syncInPool(fd),
    close() {
      if (closed) return
      closed = true
      try {
        if (direct !== undefined) closeSync(direct)
      } finally {
        closeSync(fd)
      }
    },
  }
}
