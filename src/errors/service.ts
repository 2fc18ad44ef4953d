import { FileServiceError } from '../errors.ts'

/** The database refuses, is out of reach, or breaks the connection; nothing was committed. `cause` goes to the log. */
export const databaseUnavailable = (cause: unknown) =>
  new FileServiceError(
    'database-unavailable',
    'The database is not available: try again later.',
    {},
    { cause },
  )

/** The answer to a COMMIT was lost, and neither the commit nor its absence can be proven. */
export const outcomeUnknown = (cause: unknown) =>
  new FileServiceError(
    'outcome-unknown',
    'The service cannot tell whether the file was stored: look for the file, or repeat the request with the same Idempotency-Key.',
    {},
    { cause },
  )

/** Less than RESERVED_FREE_BYTES is left, or the storage says so itself. */
export const storageFull = (cause?: unknown) =>
  new FileServiceError('storage-full', 'The storage has no room for this file.', {}, { cause })

/** The storage refuses or is out of reach. `cause` goes to the log. */
export const storageUnavailable = (cause: unknown) =>
  new FileServiceError('storage-unavailable', 'The storage is not available: try again later.', {}, { cause })

/** A service of the storage that files were moved from wants to write new bytes. */
export const filesMovedAway = () =>
  storageUnavailable(
    new Error('Files were moved away from this storage: STORAGE must name the storage that has them.'),
  )

/** Maintenance, of this process or another, gave the upload up, because its lease was not renewed for LEASE_SECONDS. */
export const uploadFenced = () =>
  new FileServiceError(
    'upload-fenced',
    'The upload stood still for longer than its lease and was given up: send the file again.',
  )
