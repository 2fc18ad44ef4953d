import { FileServiceError } from '../errors.ts'

/** A request without a credential for an operation that needs one. */
export const accessKeyNeeded = () =>
  new FileServiceError(
    'access-key-needed',
    'This needs an access key: send it in the header x-api-key (README.md says how to get one).',
  )

/** A key of a wrong form, an unknown one, or one with a wrong secret: nobody learns which. */
export const accessKeyInvalid = () =>
  new FileServiceError('access-key-invalid', 'There is no such access key.')

/** Only a caller with the right secret learns this. */
export const accessKeyExpired = () =>
  new FileServiceError('access-key-expired', 'The access key has expired: ask for a new one.')

/** Only a caller with the right secret learns this. */
export const accessKeyRevoked = () =>
  new FileServiceError('access-key-revoked', 'The access key was revoked: ask for a new one.')

/**
 * Somebody manages keys with the secret that a key had before its rotation. The secret is good for everything else, so this is no
 * 401: a client that gets one believes that its key has ended.
 */
export const accessKeyRotated = () =>
  new FileServiceError(
    'access-key-rotated',
    'The access key has a newer secret: keys are managed with that one alone.',
  )

/** The request has two credentials. */
export const credentialsAmbiguous = () =>
  new FileServiceError('credentials-ambiguous', 'The request has two credentials: send one of them.')

/** A credential stands where logs and histories keep it. `place` as in "the address". */
export const credentialMisplaced = (place: string) =>
  new FileServiceError(
    'credential-misplaced',
    `An access key stands in ${place}, which others may see: make a new one, and send it in the header x-api-key.`,
  )

/** The credential has other scopes. */
export const scopeMissing = (scope: string) =>
  new FileServiceError('scope-missing', `This needs an access key with the scope "${scope}".`, { scope })

/** The credential is for other buckets; `bucket` is the one of the request. */
export const bucketForbidden = (bucket: string) =>
  new FileServiceError('bucket-forbidden', `The access key is not for the bucket "${bucket}".`)

/** The credential is for names with another beginning. `prefix` belongs to the credential, so its holder may know it. */
export const nameForbidden = (prefix: string) =>
  new FileServiceError('name-forbidden', `The access key is for names that begin with "${prefix}".`)

/** Somebody gives more than they have; `detail` says which part of it. */
export const scopeExceeded = (detail: string) =>
  new FileServiceError('scope-exceeded', `Nobody gives more than they have: ${detail}.`)

/** The key that signed a link was revoked, or has expired. */
export const linkRevoked = () =>
  new FileServiceError('link-revoked', 'The access key that made this link has ended: ask for a new link.')

/** No key has this id, among those that the caller may see. */
export const keyNotFound = () => new FileServiceError('key-not-found', 'This access key does not exist.')

/** Another key has this name. */
export const keyNameTaken = (name: string) =>
  new FileServiceError('key-name-taken', `There is an access key with the name "${name}" already.`)

/** A key gets a new secret after it was revoked. */
export const keyRevoked = () =>
  new FileServiceError('key-revoked', 'This access key was revoked, for good: make a new one.')

/** A key cannot be made or changed like this. The `detail` sentence follows "The access key", `pointer` names the field. */
export const keyPropertiesInvalid = (detail: string, pointer: string) =>
  new FileServiceError('key-properties-invalid', `The access key ${detail}.`, {
    errors: [{ pointer, detail }],
  })

/** The cookie of the page is not valid, or no longer. */
export const sessionInvalid = () =>
  new FileServiceError('session-invalid', 'The session has ended: enter the access key again.')

/** A token that proves nobody. The sentence `detail` says why; it has nothing that the sender of the token does not know. */
export const tokenInvalid = (detail: string, cause?: unknown) =>
  new FileServiceError('token-invalid', `The token is not valid: ${detail}.`, {}, { cause })

/** A token of the issuer whose time is over. */
export const tokenExpired = () =>
  new FileServiceError('token-expired', 'The token has expired: get a new one from its issuer.')

/** Nobody knows whether the token is valid, because the issuer's keys cannot be fetched. */
export const identityUnavailable = (cause?: unknown) =>
  new FileServiceError(
    'identity-unavailable',
    'The keys of the issuer of tokens are not available.',
    {},
    { cause },
  )

/** A user acts on a file of another user, or names another user as the owner of a file. */
export const ownerForbidden = () =>
  new FileServiceError('owner-forbidden', 'A user acts on their own files only, and for nobody else.')

/** A request that changes something has the cookie of a session, and does not come from a page of this service. */
export const foreignSession = () =>
  new FileServiceError(
    'foreign-page',
    'Only the pages of this service may make changes with their session: send an access key in the header x-api-key instead.',
  )
