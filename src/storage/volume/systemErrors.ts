import { FileServiceError, storageFull, storageUnavailable } from '../../errors.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The code of a failed system call, as ENOENT, if the error is one. */
export const systemCode = (error: unknown): string | undefined =>
  Error.isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** What a failed system call on the volume means: no room, or no storage. Errors of the domain stay what they are. */
export function toStorageError(error: unknown): FileServiceError {
  if (error instanceof FileServiceError) return error
  return FULL.has(systemCode(error) ?? '') ? storageFull(error) : storageUnavailable(error)
}

/** Does something with the volume. Throws what fails as an error of the domain. */
export async function attempt<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw toStorageError(error)
  }
}
