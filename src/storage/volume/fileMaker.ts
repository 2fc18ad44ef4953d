import { constants } from 'node:fs'
import { errorCode } from '../../errors.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import { isShared } from '../../runtime/sharedBytes.ts'
import { pageBytes } from '../../runtime/uploadBlocks.ts'
import { isFull } from './systemErrors.ts'
import type { WritableFile } from './writableFiles.ts'

/** A new file that grows batch by batch. */
export interface GrowingFile {
  /** Writes a batch behind the last one. One write at a time. Throws the system's error. */
  write(batch: readonly Buffer[]): Promise<void>
  /** Makes the bytes durable and closes the file (U5, U6). Throws the system's error. */
  finish(): Promise<void>
  /** Closes the file, finished or not. */
  abandon(): Promise<void>
}

/** Makes the files of a volume. */
export interface FileMaker {
  /**
   * `distrust` is called when bytes could not be written or synced for another reason than a lack of room. Throws the system's
   * error.
   */
  create(path: string, distrust: () => void): Promise<GrowingFile>
  /** To be called when the volume was mounted anew: its file system may be another one. */
  remounted(): void
}

/**
 * Whole pages of shared memory are written with O_DIRECT, past the page cache, whose copies cost more than the digests
 * (docs/decisions/0030); all other bytes, as the end of a file, as usual. A file system that refuses direct writes is not asked
 * again.
 */
export function createFileMaker(
  createFile: (path: string) => Promise<WritableFile> | WritableFile,
): FileMaker {
  let takesDirect = constants.O_DIRECT !== undefined

  /** The number of bytes that were written; 0 when the file system refuses direct writes. */
  async function writeDirect(file: WritableFile, bytes: Buffer, position: number): Promise<number> {
    try {
      await file.openDirect()
    } catch (error) {
      if (errorCode(error) !== 'EMFILE') takesDirect = false // EMFILE says nothing of the file system
      return 0
    }
    try {
      await failpoint('U3')
      return await file.writeDirect(bytes, position)
    } catch (error) {
      if (errorCode(error) !== 'EINVAL') throw error
      takesDirect = false
      return 0
    }
  }

  function begin(file: WritableFile, distrust: () => void): GrowingFile {
    let position = 0

    async function writeBatch(batch: readonly Buffer[]) {
      const [only] = batch
      if (!only || batch.length > 1 || !takesDirect || position % pageBytes > 0 || !beginsAtPage(only))
        return await writeBuffered(batch)
      const ofPages = only.subarray(0, only.length - (only.length % pageBytes))
      const written = ofPages.length > 0 ? await writeDirect(file, ofPages, position) : 0
      position += written
      await writeBuffered([only.subarray(written)])
    }

    /** Also the rest of a short write: that is rare, and on its way to an error. */
    async function writeBuffered(batch: readonly Buffer[]) {
      for (let rest = batch, left = byteLength(batch); left > 0; ) {
        await failpoint('U3')
        const bytesWritten = await file.writeBuffered(rest, position)
        position += bytesWritten
        left -= bytesWritten
        if (left > 0) rest = [Buffer.concat(rest).subarray(bytesWritten)]
      }
    }

    /**
     * Runs work. A failure distrusts the volume, unless it is a lack of room and `trustWhenFull` is true: the kernel may have
     * dropped pages, and a second sync would succeed (F3).
     */
    async function distrustOnFailure(work: () => Promise<void>, trustWhenFull: boolean) {
      try {
        await work()
      } catch (error) {
        if (!(trustWhenFull && isFull(error))) distrust()
        throw error
      }
    }

    return {
      write: (batch) => distrustOnFailure(() => writeBatch(batch), true),
      finish: () =>
        distrustOnFailure(async () => {
          await failpoint('U5')
          await file.sync()
          await failpoint('U6')
          await file.close()
        }, false),
      async abandon() {
        try {
          await file.close()
        } catch {
          // closed already, or closing failed: the file has failed anyway
        }
      },
    }
  }

  return {
    create: async (path, distrust) => begin(await createFile(path), distrust),
    remounted() {
      takesDirect = constants.O_DIRECT !== undefined
    },
  }
}

/** Whether the first bytes can be written directly: shared memory is made of whole pages (`createUploadBlocks`). */
const beginsAtPage = (bytes: Buffer) => isShared(bytes) && bytes.byteOffset % pageBytes === 0

/** The bytes of a batch. */
export const byteLength = (batch: readonly Buffer[]) => batch.reduce((total, { length }) => total + length, 0)
