import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { OpenApiSpecLoader } from 'express-openapi-validator/dist/framework/openapi.spec.loader.js'
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types.js'
import { parse } from 'yaml'

const specPath = resolve(import.meta.dirname, '../../../api/openapi.yaml')

/** One method of one path of the spec. */
export interface Route {
  readonly method: (typeof METHODS)[number]
  readonly expressPath: string
  /** The operationId that its handler is registered under. */
  readonly operationId: string
}

export interface Spec {
  /** The contract as it is written. */
  readonly yaml: string
  readonly document: Readonly<Record<string, unknown>>
  /** The contract as it runs: with a HEAD for every GET that has none, and with reserved characters allowed in query values. */
  readonly running: OpenAPIV3.DocumentV3_1
  readonly routes: readonly Route[]
}

const METHODS = ['get', 'head', 'options', 'post', 'put', 'delete', 'patch'] as const

/** Reads the contract. Throws when it is not valid OpenAPI, so that a broken one stops the start. */
export async function loadSpec(): Promise<Spec> {
  const yaml = readFileSync(specPath, 'utf8')
  const running: OpenAPIV3.DocumentV3_1 = parse(yaml)
  // A path that ends without a slash is matched with one, too; not the other way round.
  running.paths = Object.fromEntries(
    Object.entries(running.paths ?? {}).map(([path, item]) => [path.replace(/(?<=.)\/$/, ''), item]),
  )
  /** Handlers of the HEADs that the contract does not name, by the operationIds that those have in `running`. */
  const handlersOfHeads = new Map<string, string>()
  for (const path of Object.values(running.paths ?? {})) {
    if (path?.get?.operationId && !path.head) {
      const operationId = `${path.get.operationId}.head`
      handlersOfHeads.set(operationId, path.get.operationId)
      path.head = { ...path.get, operationId }
    }
    const operations = METHODS.map((method) => path?.[method])
    for (const holder of [path, ...operations])
      if (holder?.parameters) holder.parameters = holder.parameters.map((each) => resolved(running, each))
    const parameters = [path, ...operations].flatMap((holder) => holder?.parameters ?? [])
    for (const parameter of parameters) allowReserved(parameter)
  }
  for (const parameter of Object.values(running.components?.parameters ?? {})) allowReserved(parameter)

  // The validator reads the document with the same loader: what it would refuse is refused here, at the start.
  const loader = new OpenApiSpecLoader({
    apiDoc: structuredClone(running),
    validateApiSpec: true,
    $refParser: { mode: 'bundle' },
  })
  const loaded = await loader.load()
  const routes = loaded.routes.map(({ method, expressRoute, openApiRoute }): Route => {
    const known = METHODS.find((candidate) => candidate === method.toLowerCase())
    const operationId = known && loaded.apiDoc.paths?.[openApiRoute]?.[known]?.operationId
    if (!known || !operationId)
      throw new Error(`${method} ${openApiRoute} has no operationId, or a method that is not served.`)
    return {
      method: known,
      expressPath: expressRoute,
      operationId: handlersOfHeads.get(operationId) ?? operationId,
    }
  })
  return { yaml, document: parse(yaml), running, routes }
}

/** A parameter itself, where only a reference to it is written. */
function resolved(
  { components }: OpenAPIV3.DocumentV3_1,
  parameter: OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject,
): OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject {
  if (!('$ref' in parameter)) return parameter
  return components?.parameters?.[parameter.$ref.replace('#/components/parameters/', '')] ?? parameter
}

function allowReserved(parameter: OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject) {
  if ('in' in parameter && parameter.in === 'query') parameter.allowReserved = true
}
