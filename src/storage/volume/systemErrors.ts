import { storageFull, storageUnavailable } from '../../errors/service.ts'
import { errorCode, FileServiceError, hasCode } from '../../errors.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Whether a failed system call, or an error of the domain, is about a lack of room. */
export const isFull = (error: unknown): boolean =>
  FULL.has(errorCode(error) ?? '') || hasCode(error, 'storage-full')

/** A failed system call on the volume as `storage-full` or `storage-unavailable`. Errors of the domain pass unchanged. */
export function toStorageError(error: unknown): FileServiceError {
  if (error instanceof FileServiceError) return error
  return isFull(error) ? storageFull(error) : storageUnavailable(explain(error))
}

/** A refusal of the file system with the setting to check, for the operator; other errors unchanged. */
const explain = (error: unknown) =>
  Error.isError(error) && 'syscall' in error
    ? new Error(`${error.message}: check DATA_DIR`, { cause: error })
    : error

/** Runs `action`. Throws its failure as an error of the domain. */
export async function attempt<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw toStorageError(error)
  }
}
