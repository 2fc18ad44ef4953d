import { parentPort } from 'node:worker_threads'
import { type ArmedFailpoints, armFailpoints } from '../../runtime/failpoint.ts'
import { insistOnDirectorySync } from './directories.ts'
import { type IdentityStamp, OTHER_VOLUME, readStampSync } from './identity.ts'
import { closeDirectories, syncDirectory } from './openDirectories.ts'
import {
  closeFailed,
  open,
  rename,
  type SmallFile,
  type SmallWrite,
  type SmallWriteFailure,
  syncAndClose,
  write,
} from './smallWriteSteps.ts'

export interface SmallWriteBatch {
  /** The volume's identity file and the stamp it must have; undefined accepts any volume. */
  readonly identity: { readonly path: string; readonly stamp: IdentityStamp | undefined }
  readonly bytes: ArrayBuffer
  readonly writes: readonly SmallWrite[]
  readonly failpoints: ArmedFailpoints
}

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
  const files = writes.map((write): SmallFile => ({ write, fd: undefined, failure }))

  refuseLinks(files)
  await each(files, 'writing', (file) => open(file))
  await each(files, 'writing', (file) => write(file, bytes))
  await each(files, 'syncing', syncAndClose)
  closeFailed(files)
  await each(files, 'writing', rename)
  await syncDirectories(files)
  return files.map(({ failure }) => failure)
}

/** Fails the files on whose way a link stands in the place of a directory. */
function refuseLinks(files: readonly SmallFile[]): void {
  const failures = new Map<string, SmallWriteFailure | null>()
  for (const file of files) {
    for (const directory of file.write.wayTo) {
      if (!failures.has(directory)) failures.set(directory, findNoDirectory(directory))
      file.failure ??= failures.get(directory) ?? null
    }
  }
}

function findNoDirectory(path: string): SmallWriteFailure | null {
  try {
    insistOnDirectorySync(path)
    return null
  } catch (error) {
    return toFailure(error, false)
  }
}

/** Takes a step with every file that has not failed. */
async function each(
  files: readonly SmallFile[],
  kind: 'writing' | 'syncing',
  step: (file: SmallFile) => Promise<void>,
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

/** One fsync of a directory serves every rename into it (U8). */
async function syncDirectories(files: readonly SmallFile[]): Promise<void> {
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
