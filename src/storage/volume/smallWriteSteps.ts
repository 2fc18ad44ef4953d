import { lstatSync, renameSync } from 'node:fs'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { SharedBytes } from '../../runtime/sharedBytes.ts'
import type { FileMaker, GrowingFile } from './fileMaker.ts'

/** One file to write. */
export interface SmallWrite {
  readonly key: StorageKey
  /** The bytes in shared memory, or their place among the copied bytes of the batch. */
  readonly bytes: SharedBytes | { readonly from: number; readonly to: number }
}

/** The paths of one file. */
export interface SmallFilePaths {
  /** Where the file is written, before it is renamed to `path`. */
  readonly temporaryPath: string
  readonly path: string
  /** The directory of `path`. */
  readonly directory: string
  /** The directories that lead to both paths. */
  readonly wayTo: readonly string[]
}

/** Why a file was not written, in a form that can cross threads. */
export interface SmallWriteFailure {
  readonly code: string | undefined
  readonly message: string
  /** Whether bytes may be lost that seemed to be written: then nothing is written before a `check` succeeds (F3). */
  readonly distrusted: boolean
}

/** A file on its way through the steps; a file that failed skips the later steps. */
export interface SmallFile {
  readonly write: SmallWrite
  readonly paths: SmallFilePaths
  readonly bytes: Buffer
  /** Set from U2 on. */
  file: GrowingFile | undefined
  distrusted: boolean
  failure: SmallWriteFailure | null
}

/** U2: makes the file. Throws when the name of the temporary file or of the bytes is taken. */
export async function create(small: SmallFile, maker: FileMaker): Promise<void> {
  const { temporaryPath, path } = small.paths
  await failpoint('U2')
  small.file = await maker.create(temporaryPath, () => {
    small.distrusted = true
  })
  // A rename would replace bytes that must never change (I6). Checked here because the open keeps every other writer of this
  // key out.
  if (lstatSync(path, { throwIfNoEntry: false })) throw new Error(`${path} was written before`)
}

/** U3 */
export const write = async ({ file, bytes }: SmallFile): Promise<void> => await file?.write([bytes])

/** U5 and U6. Several files sync at once: a slow disk works on many together. */
export const finish = async ({ file }: SmallFile): Promise<void> => await file?.finish()

/** U7: gives the bytes their name. */
export async function rename({ paths: { temporaryPath, path } }: SmallFile): Promise<void> {
  await failpoint('U7')
  renameSync(temporaryPath, path)
}

/** Closes files that failed: they must not keep their descriptors. */
export async function closeFailed(files: readonly SmallFile[]): Promise<void> {
  for (const { file, failure } of files) if (failure) await file?.abandon()
}
