/** Every way in which the domain refuses or fails. `http/problems.ts` numbers them. */
export type ErrorCode =
  | 'ambiguous-hash'
  | 'bucket-exists'
  | 'bucket-not-empty'
  | 'bucket-not-found'
  | 'body-incomplete'
  | 'body-too-slow'
  | 'cursor-invalid'
  | 'database-unavailable'
  | 'digest-invalid'
  | 'digest-mismatch'
  | 'encoding-unsupported'
  | 'expiry-invalid'
  | 'file-damaged'
  | 'file-exists'
  | 'file-missing'
  | 'file-missing-yet'
  | 'file-not-found'
  | 'file-too-large'
  | 'form-invalid'
  | 'form-too-large'
  | 'idempotency-key-reused'
  | 'idempotent-request-running'
  | 'invalid-properties'
  | 'invalid-transition'
  | 'json-invalid'
  | 'link-expired'
  | 'link-invalid'
  | 'metadata-invalid'
  | 'name-shared'
  | 'name-taken'
  | 'outcome-unknown'
  | 'parts-invalid'
  | 'precondition-failed'
  | 'query-invalid'
  | 'range-not-satisfiable'
  | 'size-mismatch'
  | 'storage-full'
  | 'storage-unavailable'
  | 'type-mismatch'
  | 'type-not-allowed'
  | 'upload-fenced'
  | 'upload-not-found'
  | 'upload-taken'

/** A refusal or failure of the domain. The message is a sentence for a person, `details` are for programs. */
export class FileServiceError extends Error {
  override readonly name = 'FileServiceError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** Whether an error, from wherever it came, carries this domain code. */
export const hasCode = (error: unknown, code: ErrorCode): error is FileServiceError =>
  error instanceof FileServiceError && error.code === code

/** The code of a failed system call, as ENOENT, or the SQLSTATE of an error of node-postgres; undefined without one. */
export function errorCode(error: unknown): string | undefined {
  if (!Error.isError(error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

export const ambiguousHash = (ids: readonly string[]) =>
  new FileServiceError('ambiguous-hash', 'Several files have these bytes: name one by its id.', { ids })

export const bodyIncomplete = (detail = 'The body ended before all of it was sent.') =>
  new FileServiceError('body-incomplete', detail)

export const bodyTooSlow = () => new FileServiceError('body-too-slow', 'The body came too slowly.')

export const bucketExists = (bucket: string) =>
  new FileServiceError('bucket-exists', `There is a bucket "${bucket}" already.`)

export const bucketNotEmpty = (bucket: string) =>
  new FileServiceError('bucket-not-empty', `There are files in the bucket "${bucket}": delete them first.`)

export const bucketNotFound = () => new FileServiceError('bucket-not-found', 'There is no such bucket.')

export const cursorInvalid = () =>
  new FileServiceError('cursor-invalid', 'The cursor is not one this list gave out for this order.', {
    errors: [{ parameter: 'cursor', detail: 'must be taken from a Link header of the same list' }],
  })

export const databaseUnavailable = (cause: unknown) =>
  new FileServiceError('database-unavailable', 'The database cannot be used at the moment.', {}, { cause })

export const digestInvalid = (header: string) =>
  new FileServiceError('digest-invalid', `The header ${header} is not a dictionary of digests (RFC 9530).`, {
    errors: [{ header, detail: 'must look like sha-256=:<base64>:' }],
  })

export const digestMismatch = (header: string, algorithm: string) =>
  new FileServiceError(
    'digest-mismatch',
    `The ${algorithm} of the bytes received is not the one in ${header}.`,
    {
      errors: [{ header, detail: `${algorithm} differs` }],
    },
  )

export const encodingUnsupported = (encoding: string) =>
  new FileServiceError('encoding-unsupported', `A body with Content-Encoding "${encoding}" is not taken.`)

export const expiryInvalid = (pointer: string, detail: string) =>
  new FileServiceError('expiry-invalid', `The expiry ${detail}.`, { errors: [{ pointer, detail }] })

export const fileDamaged = (detail: string) => new FileServiceError('file-damaged', detail)

export const fileExists = (bucket: string, file: unknown) =>
  new FileServiceError('file-exists', `The bucket "${bucket}" already holds these bytes.`, { file })

export const fileMissing = (part: string) =>
  new FileServiceError('file-missing', `File is not provided: there is none in the part "${part}".`, {
    errors: [{ pointer: `/${part}`, detail: 'must be a file' }],
  })

export const fileMissingYet = () =>
  new FileServiceError('file-missing-yet', 'The bytes of this file have not come yet.')

export const fileNotFound = () => new FileServiceError('file-not-found', 'There is no such file.')

export const fileTooLarge = (maxBytes: number) =>
  new FileServiceError('file-too-large', `A file may have at most ${maxBytes} bytes.`, { max_size: maxBytes })

export const formInvalid = (detail: string, pointer?: string) =>
  new FileServiceError('form-invalid', detail, pointer === undefined ? {} : { errors: [{ pointer, detail }] })

export const formTooLarge = (detail: string) => new FileServiceError('form-too-large', detail)

export const idempotencyKeyReused = () =>
  new FileServiceError('idempotency-key-reused', 'This Idempotency-Key was used with another request.')

export const idempotentRequestRunning = () =>
  new FileServiceError('idempotent-request-running', 'A request with this Idempotency-Key is still running.')

export const invalidProperties = (detail: string, names: readonly string[]) =>
  new FileServiceError('invalid-properties', detail, {
    errors: names.map((name) => ({ pointer: `/${pointerToken(name)}`, detail: 'cannot be changed' })),
  })

export const invalidTransition = (from: string, to: string) =>
  new FileServiceError('invalid-transition', `A file that is ${from} cannot become ${to}.`, {
    errors: [{ pointer: '/status', detail: `cannot follow ${from}` }],
  })

export const jsonInvalid = (detail: string) => new FileServiceError('json-invalid', detail)

/** `hint` is what S3 says, and what clients of S3 look for before they ask for a new link. */
export const linkExpired = () =>
  new FileServiceError('link-expired', 'The link has expired.', {
    hint: '<Message>Request has expired</Message>',
  })

export const linkInvalid = () =>
  new FileServiceError('link-invalid', 'The link was not signed by this service for this request.')

export const metadataInvalid = (detail: string) =>
  new FileServiceError('metadata-invalid', `The metadata ${detail}.`, {
    errors: [{ pointer: '/metadata', detail }],
  })

export const nameShared = (name: string, ids: readonly string[]) =>
  new FileServiceError('name-shared', `No file has the name "${name}" to itself: name one by its id.`, {
    ids,
  })

export const nameTaken = (name: string) =>
  new FileServiceError('name-taken', `Another file of the bucket has the name "${name}" to itself.`)

export const outcomeUnknown = (cause: unknown) =>
  new FileServiceError(
    'outcome-unknown',
    'Whether the file was stored cannot be told at the moment: ask for it, or send it again with the same Idempotency-Key.',
    {},
    { cause },
  )

export const partsInvalid = (detail: string) =>
  new FileServiceError('parts-invalid', `The parts make no file: ${detail}.`)

export const preconditionFailed = (header: string) =>
  new FileServiceError('precondition-failed', `The condition in ${header} does not hold.`, {
    errors: [{ header, detail: 'does not hold' }],
  })

export const queryInvalid = (parameter: string, detail: string) =>
  new FileServiceError('query-invalid', `The parameter ${parameter} ${detail}.`, {
    errors: [{ parameter, detail }],
  })

export const rangeNotSatisfiable = (size: number) =>
  new FileServiceError('range-not-satisfiable', `The range lies outside the ${size} bytes of the file.`, {
    size,
  })

export const sizeMismatch = (announced: number, found: number) =>
  new FileServiceError(
    'size-mismatch',
    `The file has ${found} bytes, not the ${announced} it was announced with.`,
  )

export const storageFull = (cause?: unknown) =>
  new FileServiceError('storage-full', 'There is no room left for this file.', {}, { cause })

export const storageUnavailable = (cause: unknown) =>
  new FileServiceError('storage-unavailable', 'The storage cannot be used at the moment.', {}, { cause })

export const typeMismatch = (declared: string, found: string) =>
  new FileServiceError('type-mismatch', `The file is of type "${found}", not "${declared}".`, {
    file_type: found,
  })

export const typeNotAllowed = (type: string) =>
  new FileServiceError('type-not-allowed', `Files of type "${type}" are not taken.`, { file_type: type })

export const uploadDigestMismatch = () =>
  new FileServiceError('digest-mismatch', 'The SHA-256 of the file is not the one it was announced with.')

export const uploadFenced = () =>
  new FileServiceError(
    'upload-fenced',
    'The upload took longer than its lease and was given up: send it again.',
  )

export const uploadNotFound = () => new FileServiceError('upload-not-found', 'There is no such upload.')

export const uploadTaken = () =>
  new FileServiceError('upload-taken', 'The file of this upload is here already.')

/** One step of a JSON pointer (RFC 6901). */
const pointerToken = (name: string) => name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')
