import { type Scope, scopes } from '../../model/actor.ts'
import type { Contract } from './contract.ts'
import type { DescribedOperation } from './describedOperation.ts'

/** Who may ask for an operation. */
export type Security =
  /** Everyone: no credential is looked at. */
  | { readonly kind: 'nobody' }
  /** The holder of a link that was signed for the request. */
  | { readonly kind: 'link' }
  /** An actor with one of the scopes, or with any credential when there are none. */
  | { readonly kind: 'credential'; readonly scopes: readonly Scope[]; readonly anonymous: boolean }

/** The schemes of the contract that carry a credential. */
const credentialSchemes = ['accessKey', 'bearer', 'basic', 'session']

/** The operations that let a caller without a credential in, by a rule of their own. */
const anonymousOperations = ['downloadFile']

const known = new WeakMap<object, Security>()

/** The security of an operation, as the contract describes it. */
export function securityOf(description: DescribedOperation): Security {
  const security = known.get(description) ?? parseSecurity(description.security ?? [])
  known.set(description, security)
  return security
}

/**
 * Compares the security of all operations with what the code enforces. Throws an Error when an operation has none of its own,
 * when a scheme or a scope is unknown, or when the document has one for all operations: a new one could then be open by accident.
 */
export function checkSecurity({ spec }: Pick<Contract, 'spec'>): void {
  const { document, routes, loaded } = spec
  const faults = document.security === undefined ? [] : ['the document has a global security']
  for (const { method, operationId } of routes) {
    const described = Object.values(loaded.apiDoc.paths ?? {})
      .map((item) => item?.[method])
      .find((operation) => operation?.operationId?.replace(/\.head$/, '') === operationId)
    const fault = faultOf(operationId, described?.security)
    if (fault !== undefined) faults.push(`${operationId} ${fault}`)
  }
  if (faults.length > 0) throw new Error(`The contract leaves open who may do what: ${faults.join('; ')}.`)
}

type Requirements = NonNullable<DescribedOperation['security']>

function faultOf(operationId: string, requirements: Requirements | undefined): string | undefined {
  if (!requirements) return 'has no security'
  const anonymous = requirements.some((requirement) => Object.keys(requirement).length === 0)
  if (anonymous && !anonymousOperations.includes(operationId))
    return 'lets everyone in without a rule for that'
  const entries = requirements.flatMap((requirement) => Object.entries(requirement))
  const scheme = entries.find(([name]) => name !== 'link' && !credentialSchemes.includes(name))?.[0]
  if (scheme !== undefined) return `has the unknown scheme ${scheme}`
  const scope = entries.flatMap(([, roles]) => roles).find((role) => !scopes.some((each) => each === role))
  return scope === undefined ? undefined : `has the unknown scope ${scope}`
}

function parseSecurity(requirements: Requirements): Security {
  const entries = requirements.flatMap((requirement) => Object.entries(requirement))
  if (requirements.length === 0) return { kind: 'nobody' }
  if (entries.some(([scheme]) => scheme === 'link')) return { kind: 'link' }
  const roles = new Set(entries.flatMap(([, each]) => each))
  return {
    kind: 'credential',
    scopes: scopes.filter((scope) => roles.has(scope)),
    anonymous: requirements.some((requirement) => Object.keys(requirement).length === 0),
  }
}
