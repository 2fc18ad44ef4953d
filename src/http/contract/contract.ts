import type { RequestHandler } from 'express'
import { OpenApiValidator } from 'express-openapi-validator/dist/openapi.validator.js'
import { JsonText } from './jsonText.ts'
import { loadSpec, type Spec } from './spec.ts'
import { settleUrlWarning } from './urlWarning.ts'

/** The contract, ready to serve requests: the spec and the validators made from it. Several services may share one. */
export interface Contract {
  readonly spec: Spec
  readonly validators: {
    readonly whole: Validator
    /**
     * For requests without their body, made at the first use. Another one, because a validator remembers whether an operation
     * has a body.
     */
    parameters(): Validator
  }
}

/** The middleware of a validator. The first of `validationStages` validates requests, the others validate answers. */
export interface Validator {
  readonly findStages: readonly RequestHandler[]
  readonly validationStages: readonly [RequestHandler, ...RequestHandler[]]
}

/** Reads the contract and makes its validators. Throws what `loadSpec` throws. */
export function loadContract({ validateResponses }: { validateResponses: boolean }): Contract {
  settleUrlWarning()
  const spec = loadSpec()
  let parameters: Validator | undefined
  return {
    spec,
    validators: {
      whole: createValidator(spec, validateResponses),
      parameters() {
        parameters ??= createValidator(spec, false)
        return parameters
      },
    },
  }
}

function createValidator(spec: Spec, validateResponses: boolean): Validator {
  const { apiDoc, ...loaded } = spec.loaded
  const validator = new OpenApiValidator({
    apiSpec: apiDoc,
    fileUploader: false,
    validateRequests: { allErrors: false, coerceTypes: false },
    validateResponses: validateResponses && {
      onError: (error) => {
        throw Object.assign(new Error(`The answer breaks the contract: ${error.message}`), { cause: error })
      },
    },
    validateSecurity: false,
  })
  // Its own function `middleware` loads the spec anew, which takes a third of a second for each validator.
  const stages = validator.installMiddleware(Promise.resolve({ ...loaded, apiDoc: structuredClone(apiDoc) }))
  const names = 'pathParamsMiddleware metadataMiddleware securityMiddleware requestMiddleware'
  const [, , , request] = stages
  if (!request || !`${stages.map(({ name }) => name).join(' ')} `.startsWith(`${names} `)) {
    throw new Error('express-openapi-validator changed the order of its middleware.')
  }
  return {
    findStages: stages.slice(0, 2),
    validationStages: [request, ...stages.slice(4), ...(validateResponses ? [judgeTexts] : [])] as const,
  }
}

/** The validator judges values: it gets what a text says. */
const judgeTexts: RequestHandler = (_req, res, next) => {
  const { json } = res
  res.json = (body) => json.call(res, body instanceof JsonText ? JSON.parse(body.text) : body)
  next()
}
