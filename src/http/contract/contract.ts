import type { RequestHandler } from 'express'
import * as OpenApiValidator from 'express-openapi-validator'
import { loadSpec, type Spec } from './spec.ts'

/** The contract, ready to serve requests: the spec and the validators made from it. Several services may share one. */
export interface Contract {
  readonly spec: Spec
  readonly validators: {
    readonly whole: Validator
    /** For requests without their body. Another one, because a validator remembers whether an operation has a body. */
    readonly parameters: Validator
  }
}

/** The middleware of a validator. The first of `validationStages` validates requests, the others validate answers. */
export interface Validator {
  readonly findStages: readonly RequestHandler[]
  readonly securityStages: readonly RequestHandler[]
  readonly validationStages: readonly [RequestHandler, ...RequestHandler[]]
}

/** Reads the contract and makes its validators. Throws what `loadSpec` throws. */
export async function loadContract({ validateResponses }: { validateResponses: boolean }): Promise<Contract> {
  const spec = await loadSpec()
  return {
    spec,
    validators: {
      whole: createValidator(spec, validateResponses),
      parameters: createValidator(spec, false),
    },
  }
}

function createValidator(spec: Spec, validateResponses: boolean): Validator {
  const validator = OpenApiValidator.middleware({
    apiSpec: structuredClone(spec.running),
    validateApiSpec: false, // `loadSpec` has validated the spec
    fileUploader: false,
    validateRequests: { allErrors: false, coerceTypes: false },
    validateResponses: validateResponses && {
      onError: (error) => {
        throw Object.assign(new Error(`The answer breaks the contract: ${error.message}`), { cause: error })
      },
    },
    validateSecurity: false,
  })
  const stages: readonly RequestHandler[] = Array.isArray(validator) ? validator : []
  const names = 'pathParamsMiddleware metadataMiddleware securityMiddleware requestMiddleware'
  const [, , , request] = stages
  if (!request || !`${stages.map(({ name }) => name).join(' ')} `.startsWith(`${names} `)) {
    throw new Error('express-openapi-validator changed the order of its middleware.')
  }
  return {
    findStages: stages.slice(0, 2),
    securityStages: stages.slice(2, 3),
    validationStages: [request, ...stages.slice(4)] as const,
  }
}
