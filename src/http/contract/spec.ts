import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type Spec as LoadedSpec,
  OpenApiSpecLoader,
} from 'express-openapi-validator/dist/framework/openapi.spec.loader.js'
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types.js'
import { load } from 'js-yaml'

const specPath = resolve(import.meta.dirname, '../../../api/openapi.yaml')

/** One method of one path of the spec. */
export interface Route {
  readonly method: (typeof METHODS)[number]
  readonly expressPath: string
  /** The operationId of the handler. */
  readonly operationId: string
}

export interface Spec {
  /** The text of api/openapi.yaml. */
  readonly yaml: string
  readonly document: OpenAPIV3.DocumentV3_1
  /** What the validators use, already valid and bundled: every GET that changes nothing has a HEAD, and query values may contain reserved characters. */
  readonly loaded: LoadedSpec
  readonly routes: readonly Route[]
}

const METHODS = ['get', 'head', 'options', 'post', 'put', 'delete', 'patch'] as const

/** Reads the contract. Throws when the contract is not valid OpenAPI, so that the service does not start. */
export async function loadSpec(): Promise<Spec> {
  const yaml = readFileSync(specPath, 'utf8')
  const document = load(yaml) as OpenAPIV3.DocumentV3_1 // or the loader below refuses it
  const running = structuredClone(document)
  // Express lets a request add a slash to the end of a path, but not leave one out.
  running.paths = Object.fromEntries(
    Object.entries(running.paths ?? {}).map(([path, item]) => [path.replace(/(?<=.)\/$/, ''), item]),
  )
  /** For every HEAD that the contract does not name: its operationId in `running`, and the operationId of its GET. */
  const getsOfHeads = new Map<string, string>()
  for (const path of Object.values(running.paths ?? {})) {
    if (path?.get?.operationId && !path.head && !('x-changes' in path.get)) {
      const operationId = `${path.get.operationId}.head`
      getsOfHeads.set(operationId, path.get.operationId)
      path.head = { ...path.get, operationId }
    }
    const operations = METHODS.map((method) => path?.[method])
    for (const part of [path, ...operations]) {
      if (!part?.parameters) continue
      part.parameters = part.parameters.map((parameter) => resolveParameter(running, parameter))
      for (const parameter of part.parameters) allowReserved(parameter)
    }
  }
  for (const parameter of Object.values(running.components?.parameters ?? {})) allowReserved(parameter)

  const loader = new OpenApiSpecLoader({
    apiDoc: running,
    validateApiSpec: true,
    $refParser: { mode: 'bundle' },
  })
  const loaded = await loader.load()
  const routes = loaded.routes.map(({ method, expressRoute, openApiRoute }): Route => {
    const known = METHODS.find((candidate) => candidate === method.toLowerCase())
    const operationId = known && loaded.apiDoc.paths?.[openApiRoute]?.[known]?.operationId
    if (!known || !operationId)
      throw new Error(
        `${method} ${openApiRoute} needs an operationId and one of the methods ${METHODS.join(', ')}.`,
      )
    return {
      method: known,
      expressPath: expressRoute,
      operationId: getsOfHeads.get(operationId) ?? operationId,
    }
  })
  return { yaml, document, loaded, routes }
}

/** The parameter that a reference points to; a parameter that is no reference is returned as it is. */
function resolveParameter(
  { components }: OpenAPIV3.DocumentV3_1,
  parameter: OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject,
): OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject {
  if (!('$ref' in parameter)) return parameter
  return components?.parameters?.[parameter.$ref.replace('#/components/parameters/', '')] ?? parameter
}

function allowReserved(parameter: OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject) {
  if ('in' in parameter && parameter.in === 'query') parameter.allowReserved = true
}
