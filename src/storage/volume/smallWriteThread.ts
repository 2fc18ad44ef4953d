import { closeSync, constants, fsync, fsyncSync, lstatSync, openSync, renameSync, writeSync } from 'node:fs'
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
  /** The volume's identity file and how it has to look; any look will do while there is no stamp. */
  readonly identity: { readonly path: string; readonly stamp: IdentityStamp | undefined }
  readonly bytes: ArrayBuffer
  readonly writes: readonly SmallWrite[]
  readonly failpoints: ArmedFailpoints
}

/** Why a file was not written, in a form that can cross threads. */
export interface SmallWriteFailure {
  readonly code: string | undefined
  readonly message: string
  /** Whether it happened while syncing or closing: then pages may be lost (F3). */
  readonly syncing: boolean
}

interface Progress {
  readonly write: SmallWrite
  fd: number | undefined
  /** Open a second time, to be closed as soon as the bytes are written. */
  hurried: number | undefined
  failure: SmallWriteFailure | null
}

/** A disk this quick is asked for one fsync after the other: many at once would wake a thread for each. */
const QUICK_SYNC_MILLISECONDS = 1

type Sync = (fd: number) => void | Promise<void>
const syncAlone: Sync = fsyncSync
const syncBeside: Sync = promisify(fsync)

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW, O_TRUNC } = constants
const NEW_FILE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW
const TRUNCATED = O_WRONLY | O_TRUNC | O_NOFOLLOW

let mounted: IdentityStamp | undefined
let armed = 0

parentPort?.on('message', (batch: SmallWriteBatch) => {
  void writeBatch(batch).then((failures) => parentPort?.postMessage(failures))
})

/** Takes all files of a batch through U2-U8. Never throws: each file has a failure of its own, or none. */
async function writeBatch({
  identity,
  bytes,
  writes,
  failpoints,
}: SmallWriteBatch): Promise<(SmallWriteFailure | null)[]> {
  if (failpoints.generation !== armed) armFailpoints(failpoints.spec)
  armed = failpoints.generation
  const failure = findOtherVolume(identity)
  const files = writes.map((write): Progress => ({ write, fd: undefined, hurried: undefined, failure }))
  const each = (step: (file: Progress) => Promise<void>) =>
    Promise.all(files.map((file) => attempt(file, false, () => step(file))))

  await each((file) => writeBytes(file, bytes))
  for (const file of files) await attempt(file, true, async () => closeHurried(file))
  await syncFiles(files)
  closeFailed(files)
  await each(async ({ write }) => {
    await failpoint('U7')
    renameSync(write.temporaryPath, write.path)
  })
  await syncDirectories(files)
  return files.map(({ failure }) => failure)
}

/** Why nothing must be written: the volume is not the one we know, or cannot be looked at. */
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

async function attempt(file: Progress, syncing: boolean, step: () => Promise<void>): Promise<void> {
  if (file.failure) return
  try {
    await step()
  } catch (error) {
    file.failure = toFailure(error, syncing)
  }
}

function toFailure(error: unknown, syncing: boolean): SmallWriteFailure {
  const code = Error.isError(error) && 'code' in error ? String(error.code) : undefined
  return { code, message: Error.isError(error) ? error.message : String(error), syncing }
}

/**
 * ext4 and XFS begin to write a file to the disk when someone closes it who had truncated it, and choose its blocks then.
 * All files of a batch are so far by the time of the first fsync, whose commit of the journal serves the others as well.
 */
async function writeBytes(file: Progress, bytes: ArrayBuffer): Promise<void> {
  const { temporaryPath, path, from, to } = file.write
  await failpoint('U2')
  file.fd = openSync(temporaryPath, NEW_FILE, 0o600)
  // A rename would replace what never changes (I6). Asked once the open keeps every other writer of this key out.
  if (lstatSync(path, { throwIfNoEntry: false })) throw new Error(`${path} was written before`)
  await failpoint('U3')
  const view = new Uint8Array(bytes, from, to - from)
  file.hurried = openSync(temporaryPath, TRUNCATED)
  for (let written = 0; written < view.length; ) written += writeSync(file.fd, view, written)
}

function closeHurried(file: Progress): void {
  const { hurried } = file
  file.hurried = undefined
  if (hurried !== undefined) closeSync(hurried)
}

/** The first fsync tells how quick the disk is; a slow one is asked for all others at once. */
async function syncFiles([first, ...others]: readonly Progress[]): Promise<void> {
  if (!first) return
  const began = performance.now()
  await attempt(first, true, () => syncAndClose(first, syncAlone))
  const sync = performance.now() - began <= QUICK_SYNC_MILLISECONDS ? syncAlone : syncBeside
  await Promise.all(others.map((file) => attempt(file, true, () => syncAndClose(file, sync))))
}

async function syncAndClose(file: Progress, sync: Sync): Promise<void> {
  if (file.fd === undefined) return
  await failpoint('U5')
  await sync(file.fd)
  await failpoint('U6')
  const { fd } = file
  file.fd = undefined
  closeSync(fd)
}

/** Files that failed before they were closed must not keep their descriptors. */
function closeFailed(files: readonly Progress[]): void {
  for (const file of files) {
    for (const fd of [file.fd, file.hurried]) {
      if (fd === undefined) continue
      try {
        closeSync(fd)
      } catch {
        // its failure is known already
      }
    }
  }
}

/** One fsync for each directory serves every rename into it (U8). */
async function syncDirectories(files: readonly Progress[]): Promise<void> {
  const names = new Set(files.filter(({ failure }) => !failure).map(({ write }) => write.directory))
  await Promise.all(
    [...names].map(async (name) => {
      const inside = files.filter(({ write }) => write.directory === name)
      const failure: Progress = {
        write: { temporaryPath: '', path: '', directory: name, from: 0, to: 0 },
        fd: undefined,
        hurried: undefined,
        failure: null,
      }
      await attempt(failure, true, () => syncDirectory(name))
      for (const file of inside) file.failure ??= failure.failure
    }),
  )
}
