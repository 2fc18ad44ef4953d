import { closeSync, constants, fsync, lstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { StorageKey } from '../../model/blob.ts'
import { failpoint } from '../../runtime/failpoint.ts'

/** One file to write: `bytes` of the batch from `from` up to, and without, `to`. */
export interface SmallWrite {
  readonly key: StorageKey
  readonly from: number
  readonly to: number
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
  /** Whether syncing or closing failed: then the kernel may have dropped pages (F3). */
  readonly syncing: boolean
}

/** A file on its way through the steps; a file that failed skips the later steps. */
export interface SmallFile {
  readonly write: SmallWrite
  readonly paths: SmallFilePaths
  /** Open from U2 to U6. */
  fd: number | undefined
  failure: SmallWriteFailure | null
}

const sync = promisify(fsync)

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
const NEW_FILE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW

/** U2: makes the file. Throws when the name of the temporary file or of the bytes is taken. */
export async function open(file: SmallFile): Promise<void> {
  const { temporaryPath, path } = file.paths
  await failpoint('U2')
  file.fd = openSync(temporaryPath, NEW_FILE, 0o600)
  // A rename would replace bytes that must never change (I6). Checked here because the open keeps every other writer of this
  // key out.
  if (lstatSync(path, { throwIfNoEntry: false })) throw new Error(`${path} was written before`)
}

/** U3: writes the bytes, `from` up to `to` of the batch. */
export async function write({ write: { from, to }, fd }: SmallFile, bytes: ArrayBuffer): Promise<void> {
  if (fd === undefined) return
  await failpoint('U3')
  const view = new Uint8Array(bytes, from, to - from)
  for (let written = 0; written < view.length; ) written += writeSync(fd, view, written)
}

/** U5 and U6. Several files sync at once: a slow disk works on many together. */
export async function syncAndClose(file: SmallFile): Promise<void> {
  const { fd } = file
  if (fd === undefined) return
  await failpoint('U5')
  await sync(fd)
  await failpoint('U6')
  file.fd = undefined
  closeSync(fd)
}

/** U7: gives the bytes their name. */
export async function rename({ paths: { temporaryPath, path } }: SmallFile): Promise<void> {
  await failpoint('U7')
  renameSync(temporaryPath, path)
}

/** A file that failed before it was closed must not keep its descriptor. */
export function closeFailed(files: readonly SmallFile[]): void {
  for (const { fd } of files) {
    try {
      if (fd !== undefined) closeSync(fd)
    } catch {
      // the file has failed already
    }
  }
}
