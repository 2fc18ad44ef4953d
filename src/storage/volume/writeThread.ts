import { parentPort } from 'node:worker_threads'
import { errorCode } from '../../errors.ts'
import type { StorageKey } from '../../model/blob.ts'
import { type ArmedFailpoints, armFailpoints } from '../../runtime/failpoint.ts'
import { createSharedReceiver } from '../../runtime/sharedBytes.ts'
import { insistOnDirectorySync } from './directories.ts'
import { createFileMaker } from './fileMaker.ts'
import { type VolumeLayout, volumeLayout } from './files.ts'
import { type IdentityStamp, OTHER_VOLUME, readStampSync } from './identity.ts'
import { closeDirectories, syncDirectory } from './openDirectories.ts'
import { createInThread } from './writableFiles.ts'
import {
  closeFailed,
  create,
  type FilePaths,
  finish,
  rename,
  type ThreadFile,
  type ThreadWrite,
  type WriteFailure,
  write,
} from './writeSteps.ts'

export interface WriteBatch {
  /** The directory of the volume. */
  readonly root: string
  /** The stamp that the volume's identity file must have; undefined accepts any volume. */
  readonly stamp: IdentityStamp | undefined
  /** The bytes that were copied for this thread. */
  readonly copied: ArrayBuffer
  readonly writes: readonly ThreadWrite[]
  readonly failpoints: ArmedFailpoints
}

const maker = createFileMaker(createInThread)
const shared = createSharedReceiver()

/** The volume whose directories are held open. */
let mounted: IdentityStamp | undefined
let armed = 0

parentPort?.on('message', (batch: WriteBatch) => {
  void writeBatch(batch).then((failures) => parentPort?.postMessage(failures))
})

/** Takes all files of a batch through U2-U8, each step for all of them. Never throws: each file has its failure, or none. */
async function writeBatch({
  root,
  stamp,
  copied,
  writes,
  failpoints,
}: WriteBatch): Promise<(WriteFailure | null)[]> {
  if (failpoints.generation !== armed) armFailpoints(failpoints.spec)
  armed = failpoints.generation
  const layout = volumeLayout(root)
  const failure = findOtherVolume(layout.identity, stamp)
  const files = writes.map(({ key, bytes: place }): ThreadFile => {
    const bytes =
      'memory' in place ? shared.receive(place) : Buffer.from(copied, place.from, place.to - place.from)
    return { paths: pathsOf(layout, key), bytes, growing: undefined, distrusted: false, failure }
  })

  refuseLinks(files)
  await each(files, (file) => create(file, maker))
  await each(files, write)
  await each(files, finish)
  await closeFailed(files)
  await each(files, rename)
  await syncDirectories(files)
  return files.map(({ failure }) => failure)
}

const pathsOf = (layout: VolumeLayout, key: StorageKey): FilePaths => ({
  temporaryPath: layout.temporaryPath(key),
  path: layout.path(key),
  directory: layout.directoryOf(key),
  wayTo: layout.wayTo(key),
})

/** Fails the files on whose way a link stands in the place of a directory. */
function refuseLinks(files: readonly ThreadFile[]): void {
  const failures = new Map<string, WriteFailure | null>()
  for (const file of files) {
    for (const directory of file.paths.wayTo) {
      if (!failures.has(directory)) failures.set(directory, findNoDirectory(directory))
      file.failure ??= failures.get(directory) ?? null
    }
  }
}

function findNoDirectory(path: string): WriteFailure | null {
  try {
    insistOnDirectorySync(path)
    return null
  } catch (error) {
    return toFailure(error, false)
  }
}

/** Takes a step with every file that has not failed. */
async function each(files: readonly ThreadFile[], step: (file: ThreadFile) => Promise<void>): Promise<void> {
  await Promise.all(
    files.map(async (file) => {
      if (file.failure) return
      try {
        await step(file)
      } catch (error) {
        file.failure = toFailure(error, file.distrusted)
      }
    }),
  )
}

/** Why nothing may be written: another volume is mounted, or its identity file cannot be read. */
function findOtherVolume(path: string, stamp: IdentityStamp | undefined): WriteFailure | null {
  if (stamp === undefined) return null
  try {
    if (readStampSync(path) !== stamp)
      return { code: OTHER_VOLUME, message: `${path} has changed.`, distrusted: false }
    if (stamp === mounted) return null
    closeDirectories()
    maker.remounted()
    mounted = stamp
    return null
  } catch (error) {
    return toFailure(error, false)
  }
}

function toFailure(error: unknown, distrusted: boolean): WriteFailure {
  return { code: errorCode(error), message: Error.isError(error) ? error.message : String(error), distrusted }
}

/** One fsync of a directory serves every rename into it (U8). */
async function syncDirectories(files: readonly ThreadFile[]): Promise<void> {
  const written = Map.groupBy(
    files.filter(({ failure }) => !failure),
    ({ paths }) => paths.directory,
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
