import { statSync } from 'node:fs'
import { makeDirectory } from '../../runtime/makeDirectory.ts'

/** Makes the data directory and does work in it. When a file system refuses, throws an Error that names DATA_DIR. */
export async function inDataDirectory<Result>(
  directory: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    makeDirectory(directory)
  } catch (error) {
    throw cannotBeUsed(directory, error)
  }
  try {
    return await work()
  } catch (error) {
    throw isSystemError(error) ? cannotBeUsed(directory, error) : error
  }
}

/**
 * Throws an Error that names DATA_DIR unless `path`, which lies below it, is there: in a mistyped directory a command would
 * make an installation, and find nothing in it.
 */
export function insistOnData(directory: string, path: string): void {
  if (isThere(directory, path)) return
  throw new Error(
    `DATA_DIR ${directory} holds no data, for there is no ${path}: set DATA_DIR to the directory of the service ("upfile serve" makes a new one)`,
  )
}

function isThere(directory: string, path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOTDIR') return false
    throw cannotBeUsed(directory, error)
  }
}

function cannotBeUsed(directory: string, cause: unknown): Error {
  const message = Error.isError(cause) ? cause.message : String(cause)
  return new Error(`DATA_DIR ${directory} cannot be used: ${message}`, { cause })
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  Error.isError(error) && 'syscall' in error
