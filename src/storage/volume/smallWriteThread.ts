import { closeSync, constants, fsync, lstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { parentPort } from 'node:worker_threads'
import { type ArmedFailpoints, armFailpoints, failpoint } from '../../runtime/failpoint.ts'
import { type IdentityStamp, OTHER_VOLUME, readStampSync } from './identity.ts'
import { closeDirectories, syncDirectory } from './openDirectories.ts'

/** One file to write: `bytes` of the batch from `from` up to, and without, `to`. */
export interface SmallWrite {
  readonly temporaryPath: string
  readonly path: string
  readonly directory: string
  readonly from: number
  readonly to: number
}

export interface SmallWriteBatch {
  /** The volume's identity file and the stamp it must have; undefined accepts any volume. */
  readonly identity: { readonly path: string; readonly stamp: IdentityStamp | undefined }
  readonly bytes: ArrayBuffer
  readonly writes: readonly SmallWrite[]
  readonly failpoints: ArmedFailpoints
}

/** Why a file was not written, in a form that can cross threads. */
export interface SmallWriteFailure {
  readonly code: string | undefined
  readonly message: string
  /** Whether syncing or closing failed: then the kernel may have dropped pages (F3). */
  readonly syncing: boolean
}

/** A file on its way through the steps; what failed passes the steps after that. */
interface Progress {
  readonly write: SmallWrite
  /** Open from U2 to U6. */
  fd: number | undefined
  failure: SmallWriteFailure | null
}

const sync = promisify(fsync)

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
const NEW_FILE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW

/** The volume whose directories are held open. */
let mounted: IdentityStamp | undefined
let armed = 0

parentPort?.on('message', (batch: SmallWriteBatch) => {
  void writeBatch(batch).then((failures) => parentPort?.postMessage(failures))
})

/** Takes all files of a batch through U2-U8, each step for all of them. Never throws: each file has its failure, or none. */
async function writeBatch({
  identity,
  bytes,
  writes,
  failpoints,
}: SmallWriteBatch): Promise<(SmallWriteFailure | null)[]> {
  if (failpoints.generation !== armed) armFailpoints(failpoints.spec)
  armed = failpoints.generation
  const failure = findOtherVolume(identity)
  const files = writes.map((write): Progress => ({ write, fd: undefined, failure }))

  await each(files, 'writing', (file) => open(file))
  await each(files, 'writing', (file) => write(file, bytes))
  await each(files, 'syncing', syncAndClose)
  closeFailed(files)
  await each(files, 'writing', rename)
  await syncDirectories(files)
  return files.map(({ failure }) => failure)
}

/** Takes a step with every file that has not failed. */
async function each(
  files: readonly Progress[],
  kind: 'writing' | 'syncing',
  step: (file: Progress) => Promise<void>,
): Promise<void> {
  await Promise.all(
    files.map(async (file) => {
      if (file.failure) return
      try {
        await step(file)
      } catch (error) {
        file.failure = toFailure(error, kind === 'syncing')
      }
    }),
  )
}

/** Why nothing may be written: another volume is mounted, or its identity file cannot be read. */
function findOtherVolume({ path, stamp }: SmallWriteBatch['identity']): SmallWriteFailure | null {
  if (stamp === undefined) return null
  try {
    if (readStampSync(path) !== stamp)
      return { code: OTHER_VOLUME, message: `${path} has changed.`, syncing: false }
    if (stamp === mounted) return null
    closeDirectories()
    mounted = stamp
    return null
  } catch (error) {
    return toFailure(error, false)
  }
}

function toFailure(error: unknown, syncing: boolean): SmallWriteFailure {
  const code = Error.isError(error) && 'code' in error ? String(error.code) : undefined
  return { code, message: Error.isError(error) ? error.message : String(error), syncing }
}

async function open(file: Progress): Promise<void> {
  const { temporaryPath, path } = file.write
  await failpoint('U2')
  file.fd = openSync(temporaryPath, NEW_FILE, 0o600)
  // A rename would replace what never changes (I6). Checked here because the open keeps every other writer of this key out.
  if (lstatSync(path, { throwIfNoEntry: false })) throw new Error(`${path} was written before`)
}

async function write({ write: { from, to }, fd }: Progress, bytes: ArrayBuffer): Promise<void> {
  if (fd === undefined) return
  await failpoint('U3')
  const view = new Uint8Array(bytes, from, to - from)
  for (let written = 0; written < view.length; ) written += writeSync(fd, view, written)
}

async function syncAndClose(file: Progress): Promise<void> {
  const { fd } = file
  if (fd === undefined) return
  await failpoint('U5')
  await sync(fd)
  await failpoint('U6')
  file.fd = undefined
  closeSync(fd)
}

async function rename({ write: { temporaryPath, path } }: Progress): Promise<void> {
  await failpoint('U7')
  renameSync(temporaryPath, path)
}

/** A file that failed before it was closed must not keep its descriptor. */
function closeFailed(files: readonly Progress[]): void {
  for (const { fd } of files) {
    try {
      if (fd !== undefined) closeSync(fd)
    } catch {
      // the file has failed already
    }
  }
}

/** One fsync of a directory serves every rename into it (U8). */
async function syncDirectories(files: readonly Progress[]): Promise<void> {
  const written = Map.groupBy(
    files.filter(({ failure }) => !failure),
    ({ write }) => write.directory,
  )
  await Promise.all(
    [...written].map(async ([directory, inside]) => {
      try {
        await syncDirectory(directory)
      } catch (error) {
        for (const file of inside) file.failure = toFailure(error, true)
      }
    }),
  )
}
