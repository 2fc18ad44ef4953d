import { makeDirectory } from '../../runtime/makeDirectory.ts'

/** Makes the data directory and does work in it. When a file system refuses, throws an Error that names DATA_DIR. */
export async function inDataDirectory<Result>(
  directory: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const refuse = (cause: unknown): never => {
    const message = Error.isError(cause) ? cause.message : String(cause)
    throw new Error(`DATA_DIR ${directory} cannot be used: ${message}`, { cause })
  }
  try {
    makeDirectory(directory)
  } catch (error) {
    refuse(error)
  }
  try {
    return await work()
  } catch (error) {
    return isSystemError(error) ? refuse(error) : Promise.reject(error)
  }
}

const isSystemError = (error: unknown) => Error.isError(error) && 'syscall' in error
