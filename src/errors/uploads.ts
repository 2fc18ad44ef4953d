import { FileServiceError } from '../errors.ts'

/** A client says that its upload is complete before the bytes are in the storage. */
export const fileMissingYet = () =>
  new FileServiceError('file-missing-yet', 'The bytes of this file have not arrived yet.')

/** `from` and `to` are statuses of an upload. */
export const invalidTransition = (from: string, to: string) =>
  new FileServiceError('invalid-transition', `The status cannot change from ${from} to ${to}.`, {
    errors: [{ pointer: '/status', detail: `cannot follow ${from}` }],
  })

/** The list of parts to complete an upload with is wrong; `detail` says how. */
export const partsInvalid = (detail: string) =>
  new FileServiceError('parts-invalid', `The parts do not make a file: ${detail}.`)

/** Both sizes in bytes. */
export const sizeMismatch = (announced: number, found: number) =>
  new FileServiceError('size-mismatch', `The file has ${found} bytes, but ${announced} bytes were announced.`)

/** `found` is the media type that was detected from the bytes. */
export const typeMismatch = (declared: string, found: string) =>
  new FileServiceError('type-mismatch', `The file is of type "${found}", not "${declared}".`, {
    file_type: found,
  })

/** An announcement has a SHA-256 that the bytes do not have. */
export const uploadDigestMismatch = () =>
  new FileServiceError('digest-mismatch', 'The file has another SHA-256 than the announced one.')

/** No pending upload in parts has this id. */
export const uploadNotFound = () => new FileServiceError('upload-not-found', 'This upload does not exist.')

/** The upload has its file already. */
export const uploadTaken = () =>
  new FileServiceError('upload-taken', 'The file of this upload was stored already.')

/** The upload in parts is complete already, or about to be, with another list of parts. */
export const partsTaken = () =>
  new FileServiceError('upload-taken', 'Another list of parts makes the file of this upload.')
