import { errors } from 'jose'
import { tokenExpired, tokenInvalid } from '../../errors/access.ts'
import { FileServiceError } from '../../errors.ts'

/** The refusal for an error of jose, with the reason that a developer looks for; an error of ours as it is. */
export function explainRefusal(error: unknown): FileServiceError {
  if (error instanceof FileServiceError) return error
  if (error instanceof errors.JWTExpired) return tokenExpired()
  return tokenInvalid(reasonOf(error), error)
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) return reasonOfClaim(error)
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it has another "alg" than the service accepts'
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no key of its "kid" and "alg"'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'several keys of the issuer fit, and it names none'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is no signed JWT'
  return 'its signature cannot be checked'
}

function reasonOfClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `it has no claim "${claim}"`
  if (claim === 'iss') return 'its claim "iss" is not that of JWT_ISSUER'
  if (claim === 'aud') return 'its claim "aud" does not have the value of JWT_AUDIENCE'
  if (claim === 'nbf' && reason === 'check_failed') return 'its time has not come ("nbf")'
  return `its claim "${claim}" is malformed`
}
