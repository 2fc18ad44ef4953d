import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errorCode } from '../../errors.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { pageBytes } from '../../runtime/uploadBlocks.ts'
import { openNew } from './files.ts'
import { isFull, toStorageError } from './systemErrors.ts'

/** A new file that grows batch by batch. */
export interface LargeFile {
  /** Writes a batch behind the last one. One write at a time. Throws `storage-full`, `storage-unavailable`. */
  write(batch: readonly Buffer[]): Promise<void>
  /** Makes the bytes durable and closes the file (U5, U6). Throws `storage-full`, `storage-unavailable`. */
  finish(): Promise<void>
  /** Closes the file, whatever became of it. */
  abandon(): Promise<void>
}

/** Makes the large files of a volume. */
export interface LargeFiles {
  /** Throws the system's error. */
  create(path: string): Promise<LargeFile>
  /** To be called when the volume was mounted anew: its file system may be another one. */
  remounted(): void
}

const { O_WRONLY, O_DIRECT } = constants

/**
 * Whole blocks of shared memory are written with O_DIRECT, past the page cache, whose copies cost more than the digests
 * (docs/decisions/0030); all other bytes, as the end of a file, through a second handle. A file system that refuses direct
 * writes is not asked again. `distrust` is called when bytes could not be written or synced for another reason than a lack of
 * room.
 */
export function createLargeFiles(distrust: () => void): LargeFiles {
  let takesDirect = O_DIRECT !== undefined

  async function openDirect({ fd }: FileHandle): Promise<FileHandle | undefined> {
    if (!takesDirect) return undefined
    try {
      // The open file itself, whatever its path leads to by now.
      return await open(`/proc/self/fd/${fd}`, O_WRONLY | O_DIRECT)
    } catch (error) {
      takesDirect = errorCode(error) === 'EMFILE' // no answer of the file system
      return undefined
    }
  }

  /** The number of bytes that were written; 0 when the file system refuses direct writes. */
  async function writeDirect(direct: FileHandle, bytes: Buffer, position: number): Promise<number> {
    try {
      await failpoint('U3')
      return (await direct.write(bytes, 0, bytes.length, position)).bytesWritten
    } catch (error) {
      if (errorCode(error) !== 'EINVAL') throw error
      takesDirect = false
      return 0
    }
  }

  function begin(handle: FileHandle): LargeFile {
    let direct: FileHandle | undefined
    let position = 0

    async function writeBatch(batch: readonly Buffer[]) {
      const [only] = batch
      if (only && batch.length === 1 && position % pageBytes === 0 && isOfPages(only)) {
        direct ??= await openDirect(handle)
        const written = direct && takesDirect ? await writeDirect(direct, only, position) : 0
        position += written
        await writeBuffered([only.subarray(written)])
      } else await writeBuffered(batch)
    }

    /** Also the rest of a short write: that is rare, and on its way to an error. */
    async function writeBuffered(batch: readonly Buffer[]) {
      for (let rest = batch, left = byteLength(batch); left > 0; ) {
        await failpoint('U3')
        const { bytesWritten } = await handle.writev(rest, position)
        position += bytesWritten
        left -= bytesWritten
        if (left > 0) rest = [Buffer.concat(rest).subarray(bytesWritten)]
      }
    }

    /** Does something, once: after a failure the kernel may have dropped pages, and a second sync would succeed (F3). */
    async function once(work: () => Promise<void>, trustWhenFull: boolean) {
      try {
        await work()
      } catch (error) {
        if (!(trustWhenFull && isFull(error))) distrust()
        throw toStorageError(error)
      }
    }

    return {
      write: (batch) => once(() => writeBatch(batch), true),
      finish: () =>
        once(async () => {
          await failpoint('U5')
          await handle.sync()
          await failpoint('U6')
          await direct?.close()
          await handle.close()
        }, false),
      async abandon() {
        // Closed already when closing failed.
        await direct?.close().catch(() => {})
        await handle.close().catch(() => {})
      },
    }
  }

  return {
    create: async (path) => begin(await openNew(path)),
    remounted() {
      takesDirect = O_DIRECT !== undefined
    },
  }
}

/** Whether bytes can be written directly: shared memory is made of whole pages (`createUploadBlocks`). */
const isOfPages = ({ buffer, byteOffset, length }: Buffer) =>
  buffer instanceof SharedArrayBuffer && byteOffset % pageBytes === 0 && length % pageBytes === 0

/** The bytes of a batch. */
export const byteLength = (batch: readonly Buffer[]) => batch.reduce((total, { length }) => total + length, 0)
