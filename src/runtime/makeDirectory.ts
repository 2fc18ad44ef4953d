import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and its missing parents, durably; leaves one that is there as it is. Throws an Error that names the path.
 * Not by mkdir's `recursive`, which never returns where a file system answers ENOENT below a directory, as /proc does.
 */
export function makeDirectory(path: string, mode = 0o777): void {
  if (isDirectory(path)) return
  const parent = dirname(path)
  makeDirectory(parent, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (!isDirectory(path)) throw error // else another process made it meanwhile
  }
  flush(parent)
}

function isDirectory(path: string): boolean {
  const found = follow(path)
  if (found && !found.isDirectory()) throw new Error(`${path} is not a directory`)
  if (!found && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error(
      `${path} is a link to ${readlinkSync(path)}, which is not there: make that directory, or remove the link`,
    )
  return found !== undefined
}

function follow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (!(Error.isError(error) && 'code' in error && error.code === 'ELOOP')) throw error
    throw new Error(`${path} is a link that leads to itself: remove the link`, { cause: error })
  }
}

function flush(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
