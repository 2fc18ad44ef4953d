import { FileServiceError } from '../errors.ts'

/** The connection ended, or a chunk was malformed, before the whole body had arrived. */
export const bodyIncomplete = (detail = 'The body ended before all of its bytes had arrived.') =>
  new FileServiceError('body-incomplete', detail)

/** The client sent fewer bytes per second than MINIMUM_BYTES_PER_SECOND for STALL_SECONDS. */
export const bodyTooSlow = () => new FileServiceError('body-too-slow', 'The body arrived too slowly.')

/** A cursor that no list made, or one of another order. */
export const cursorInvalid = () =>
  new FileServiceError('cursor-invalid', 'The cursor does not belong to a list in this order.', {
    errors: [{ parameter: 'cursor', detail: 'must be taken from a Link header of the same list' }],
  })

/** The header is no list of digests as its RFC writes them, or a digest has the wrong length. */
export const digestInvalid = (header: 'Content-Digest' | 'Repr-Digest' | 'Digest' | 'Content-MD5') =>
  new FileServiceError('digest-invalid', `The header ${header} holds no digest: it ${digestForms[header]}.`, {
    errors: [{ header, detail: digestForms[header] }],
  })

const digestForms = {
  'Content-Digest': 'must look like sha-256=:<base64>:',
  'Repr-Digest': 'must look like sha-256=:<base64>:',
  Digest: 'must look like SHA-256=<base64>',
  'Content-MD5': 'must be the base64 of 16 bytes',
}

/** The bytes that arrived have another digest than `header` announced; `algorithm` as RFC 9530 spells it. */
export const digestMismatch = (header: string, algorithm: string) =>
  new FileServiceError(
    'digest-mismatch',
    `The received bytes have another ${algorithm} than ${header} says.`,
    {
      errors: [{ header, detail: `${algorithm} differs` }],
    },
  )

/** Bodies are stored as they arrive, so only `identity` is accepted. */
export const encodingUnsupported = (encoding: string) =>
  new FileServiceError(
    'encoding-unsupported',
    `Content-Encoding "${encoding}" is not supported: send the bytes of the file as they are.`,
  )

/** The form has no file in `part`, the part that the operation reads the file from, or has text there. */
export const fileMissing = (part: string, { cameAsText = false } = {}) =>
  new FileServiceError(
    'file-missing',
    cameAsText
      ? `File is not provided: the part "${part}" is text without a filename: \`curl -F ${part}=@name\` sends a file, \`--form-string\` a text. FilePond sends its metadata that way, which its option "ondata" can remove (docs/clients.md).`
      : `File is not provided: there is none in the part "${part}", where \`curl -F ${part}=@name\` sends it.`,
    { errors: [{ pointer: `/${part}`, detail: 'must be a file' }] },
  )

/** A browser sent a change for a page of another origin: `origin` as its header spells it. */
export const foreignPage = (origin = 'unknown') =>
  new FileServiceError(
    'foreign-page',
    `A page of another origin (${origin}) may make changes only when CORS_ORIGINS names its origin, or PUBLIC_URL when it is a page of this service.`,
  )

/** `pointer` names the part of the form at fault, if it is one. */
export const formInvalid = (detail: string, pointer?: string) =>
  new FileServiceError('form-invalid', detail, pointer === undefined ? {} : { errors: [{ pointer, detail }] })

/** A form has more parts, headers or text than the service reads. */
export const formTooLarge = (detail: string) => new FileServiceError('form-too-large', detail)

/** The request is for another domain name than those of this service; `host` without its port. */
export const hostNotAllowed = (host: string) =>
  new FileServiceError(
    'host-not-allowed',
    `This service is not known as "${host}": set PUBLIC_URL, or name the host in ALLOWED_HOSTS.`,
  )

/** The service is open for this machine alone, and a request came through a proxy; `header` is the one that it added. */
export const proxyInFront = (header: string) =>
  new FileServiceError(
    'host-not-allowed',
    `A proxy is in front of this service (header ${header}), so others may reach it: make an access key, which closes it, or set AUTH=off to leave it open.`,
  )

/** The key was used for another request, whose answer is kept. */
export const idempotencyKeyReused = () =>
  new FileServiceError('idempotency-key-reused', 'This Idempotency-Key was used with a different request.')

/** The first request with this key has not ended. */
export const idempotentRequestRunning = () =>
  new FileServiceError(
    'idempotent-request-running',
    'Another request with this Idempotency-Key is still running.',
  )

/** The body is no JSON in UTF-8, is empty, or is nested too deeply. */
export const jsonInvalid = (detail: string) => new FileServiceError('json-invalid', detail)

/** `hint` repeats the words of S3: its clients search for them before they ask for a new link. */
export const linkExpired = () =>
  new FileServiceError('link-expired', 'The link has expired: ask for a new one.', {
    hint: '<Message>Request has expired</Message>',
  })

/** The signature was not made for this method and address with a secret in use; `detail` names another reason. */
export const linkInvalid = (detail = 'This service did not sign this link for this request.') =>
  new FileServiceError('link-invalid', detail)

/** `header` is If-Match or If-None-Match. */
export const preconditionFailed = (header: string) =>
  new FileServiceError('precondition-failed', `The condition in ${header} is not met.`, {
    errors: [{ header, detail: 'is not met' }],
  })

/** The `detail` sentence follows "The parameter <name>". */
export const queryInvalid = (parameter: string, detail: string) =>
  new FileServiceError('query-invalid', `The parameter ${parameter} ${detail}.`, {
    errors: [{ parameter, detail }],
  })

/** `size` is the size of the file in bytes, which the answer repeats in Content-Range. */
export const rangeNotSatisfiable = (size: number) =>
  new FileServiceError(
    'range-not-satisfiable',
    `The range begins behind the end of the file (${size} bytes).`,
    {
      size,
    },
  )
