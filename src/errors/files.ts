import { FileServiceError } from '../errors.ts'

/** A change names its file by a hash that several live files have; `ids` are theirs. */
export const ambiguousHash = (ids: readonly string[]) =>
  new FileServiceError('ambiguous-hash', 'Several files have this hash: name the file by its id.', { ids })

/** The `detail` sentence follows "The expiry", `pointer` is the JSON pointer of the field. */
export const expiryInvalid = (pointer: string, detail: string) =>
  new FileServiceError('expiry-invalid', `The expiry ${detail}.`, { errors: [{ pointer, detail }] })

/** Bytes in the storage differ from the bytes that were received. `detail` goes to the log, clients see none of it. */
export const fileDamaged = (detail: string) => new FileServiceError('file-damaged', detail)

/** `file` is the body of the file that has the same bytes in the bucket. */
export const fileExists = (bucket: string, file: unknown) =>
  new FileServiceError('file-exists', `The bucket "${bucket}" already has a file with these bytes.`, { file })

/** No live file has this id, hash or name; a file that was deleted or has expired counts as absent. */
export const fileNotFound = (detail = 'This file does not exist.') =>
  new FileServiceError('file-not-found', detail)

/** `maxBytes` is the limit of the service or of the bucket, in bytes. */
export const fileTooLarge = (maxBytes: number) =>
  new FileServiceError('file-too-large', `The file is larger than the limit of ${maxBytes} bytes.`, {
    max_size: maxBytes,
  })

/** A change names properties of a file that cannot be changed. */
export const invalidProperties = (detail: string, names: readonly string[]) =>
  new FileServiceError('invalid-properties', detail, {
    errors: names.map((name) => ({ pointer: `/${pointerToken(name)}`, detail: 'cannot be changed' })),
  })

/** The `detail` sentence follows "The metadata". */
export const metadataInvalid = (detail: string) =>
  new FileServiceError('metadata-invalid', `The metadata ${detail}.`, {
    errors: [{ pointer: '/metadata', detail }],
  })

/** A file cannot have this name to itself. The `detail` sentence follows "The name", `pointer` names its field or part. */
export const nameInvalid = (detail: string, pointer: string) =>
  new FileServiceError('name-invalid', `The name of the file ${detail}.`, { errors: [{ pointer, detail }] })

/** DELETE by a name: no file was put under it, but other files have it; `ids` are theirs. */
export const nameShared = (name: string, ids: readonly string[]) =>
  new FileServiceError(
    'name-shared',
    `No file was put under the name "${name}", but other files have it: delete one by its id.`,
    { ids },
  )

/** A named file is renamed to the name of another named file. */
export const nameTaken = (name: string) =>
  new FileServiceError('name-taken', `Another file of the bucket was put under the name "${name}".`)

/** All files of a subject together would have more bytes than its limit, or be more. `limit` is the subject: a bucket. */
export const quotaExceeded = (limit: string) =>
  new FileServiceError(
    'quota-exceeded',
    `The limit of the ${limit} leaves no room for this file: delete others first.`,
    {
      limit,
    },
  )

/** `type` is the media type that was detected from the bytes. */
export const typeNotAllowed = (type: string) =>
  new FileServiceError('type-not-allowed', `Files of type "${type}" are not allowed here.`, {
    file_type: type,
  })

/** One step of a JSON pointer (RFC 6901), of at most 100 characters. */
const pointerToken = (name: string) => name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')
