import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { type FileSystemName, fileSystems } from './fileSystems.ts'

const run = promisify(execFile)

const succeeds = (program: string, ...args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  )

const canOpen = (path: string) => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

const kernelKnows = (type: string) =>
  new RegExp(`\\t${type}$`, 'm').test(readFileSync('/proc/filesystems', 'utf8'))

/** Throws an Error that names everything this machine lacks for a disk whose power can be cut. */
export async function insistOnPowerDisks(names: readonly FileSystemName[]): Promise<void> {
  const lacking: string[] = []
  const types = [...new Set(names.map((name) => fileSystems[name].type))]
  if (process.getuid?.() !== 0) lacking.push('root, which alone may mount')
  // Loads the modules where they are not built in and may be loaded.
  for (const module of ['fuse', 'loop', ...types]) await succeeds('modprobe', module)
  if (!canOpen('/dev/fuse')) lacking.push('/dev/fuse (in a container: docker run --privileged)')
  if (!(await succeeds('losetup', '-f')))
    lacking.push('a loop device (in a container: docker run --privileged)')
  for (const type of types) {
    if (!kernelKnows(type)) lacking.push(`a kernel with ${type}`)
    if (!(await succeeds('which', `mkfs.${type}`)))
      lacking.push(`mkfs.${type}, of the Debian package ${type === 'xfs' ? 'xfsprogs' : 'e2fsprogs'}`)
  }
  if (lacking.length > 0)
    throw new Error(`Power cannot be cut on this machine. It lacks ${lacking.join('; ')}.`)
}
