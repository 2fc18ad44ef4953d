import { renameSync } from 'node:fs'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { SharedBytes } from '../../runtime/sharedBytes.ts'
import type { FileMaker, GrowingFile } from './fileMaker.ts'
import { insistOnUnusedSync } from './files.ts'

/** One file to write. */
export interface ThreadWrite {
  readonly key: StorageKey
  /** The bytes in shared memory, or their place among the copied bytes of the batch. */
  readonly bytes: SharedBytes | { readonly from: number; readonly to: number }
}

/** The paths of one file. */
export interface FilePaths {
  /** Where the file is written, before it is renamed to `path`. */
  readonly temporaryPath: string
  readonly path: string
  /** The directory of `path`. */
  readonly directory: string
  /** The directories that lead to both paths. */
  readonly wayTo: readonly string[]
}

/** Why a file was not written, in a form that can cross threads. */
export interface WriteFailure {
  readonly code: string | undefined
  readonly message: string
  /** Whether bytes may be lost that seemed to be written: then nothing is written before a `check` succeeds (F3). */
  readonly distrusted: boolean
}

/** A file on its way through the steps; a file that failed skips the later steps. */
export interface ThreadFile {
  readonly paths: FilePaths
  readonly bytes: Buffer
  /** Set from U2 on. */
  growing: GrowingFile | undefined
  distrusted: boolean
  failure: WriteFailure | null
}

/** U2: makes the file. Throws when the name of the temporary file or of the bytes is taken. */
export async function create(file: ThreadFile, maker: FileMaker): Promise<void> {
  const { temporaryPath, path } = file.paths
  await failpoint('U2')
  file.growing = await maker.create(temporaryPath, () => {
    file.distrusted = true
  })
  insistOnUnusedSync(path) // after the open, which keeps every other writer of this key out
}

/** U3 */
export const write = async ({ growing, bytes }: ThreadFile): Promise<void> => await growing?.write([bytes])

/** U5 and U6. Several files sync at once: a slow disk works on many together. */
export const finish = async ({ growing }: ThreadFile): Promise<void> => await growing?.finish()

/** U7: gives the bytes their name. */
export async function rename({ paths: { temporaryPath, path } }: ThreadFile): Promise<void> {
  await failpoint('U7')
  renameSync(temporaryPath, path)
}

/** Closes files that failed: they must not keep their descriptors. */
export async function closeFailed(files: readonly ThreadFile[]): Promise<void> {
  for (const { growing, failure } of files) if (failure) await growing?.abandon()
}
