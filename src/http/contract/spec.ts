import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Spec as LoadedSpec } from 'express-openapi-validator/dist/framework/openapi.spec.loader.js'
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types.js'
import { load } from 'js-yaml'
import { needsLink } from './describedOperation.ts'
import { operationMethods } from './methods.ts'
import { checkReferences } from './references.ts'
import { resolveReferences } from './resolveReferences.ts'

const specPath = resolve(import.meta.dirname, '../../../api/openapi.yaml')

/** One method of one path of the spec. */
export interface Route {
  readonly method: (typeof operationMethods)[number]
  readonly expressPath: string
  /** The operationId of the handler. */
  readonly operationId: string
}

export interface Spec {
  /** The text of api/openapi.yaml. */
  readonly yaml: string
  readonly document: OpenAPIV3.DocumentV3_1
  /** What the validators use: every GET that changes nothing has a HEAD, and query values may contain reserved characters. */
  readonly loaded: LoadedSpec
  readonly routes: readonly Route[]
  /** The paths, as Express writes them, of each GET that changes something (`x-changes`). */
  readonly changingGets: readonly string[]
  /** The paths, as Express writes them, where a link is the only credential. */
  readonly linkedPaths: readonly string[]
}

/** What a path has beside its methods. */
const NO_METHODS = ['parameters', 'summary', 'description']

/**
 * Reads the contract. Throws when a reference in it leads nowhere, or a method has no operationId. That the document is OpenAPI
 * is checked by `npm run lint` (docs/decisions/0023).
 */
export function loadSpec(): Spec {
  const yaml = readFileSync(specPath, 'utf8')
  const document = load(yaml) as OpenAPIV3.DocumentV3_1
  checkReferences(document)
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
    const operations = operationMethods.map((method) => path?.[method])
    for (const part of [path, ...operations]) {
      if (!part) continue
      resolveReferences(part, running.components)
      for (const parameter of part.parameters ?? []) allowReserved(parameter)
    }
  }

  const routes = Object.entries(running.paths ?? {})
    .flatMap(([path, item]) => listRoutes(path, item ?? {}))
    .sort(parametersLast)
  return {
    yaml,
    document,
    loaded: { apiDoc: running, basePaths: ['/'], routes: routes.map(toLoadedRoute), serial: 1 },
    routes: routes.map(({ method, path, operationId }) => ({
      method,
      expressPath: toExpressPath(path),
      operationId: getsOfHeads.get(operationId) ?? operationId,
    })),
    changingGets: pathsOf(running, (item) => item.get !== undefined && 'x-changes' in item.get),
    linkedPaths: pathsOf(running, (item) =>
      operationMethods.some((method) => item[method] && needsLink(item[method])),
    ),
  }
}

interface ListedRoute extends Pick<Route, 'method' | 'operationId'> {
  readonly path: string
}

function listRoutes(path: string, item: OpenAPIV3.PathItemObject): ListedRoute[] {
  return Object.keys(item)
    .filter((name) => !NO_METHODS.includes(name) && !name.startsWith('x-'))
    .map((name) => {
      const method = operationMethods.find((candidate) => candidate === name)
      const operationId = method && item[method]?.operationId
      if (!operationId)
        throw new Error(
          `${name.toUpperCase()} ${path} needs an operationId and one of the methods ${operationMethods.join(', ')}.`,
        )
      return { method, path, operationId }
    })
}

/** Compares paths; a tilde is sorted after all letters. */
function parametersLast(one: ListedRoute, other: ListedRoute): number {
  const a = one.path.replaceAll('{', '~')
  const b = other.path.replaceAll('{', '~')
  return a === b ? 0 : a < b ? -1 : 1
}

/** The paths, as Express writes them, whose item fulfils the condition. */
const pathsOf = (
  { paths = {} }: OpenAPIV3.DocumentV3_1,
  fulfils: (item: OpenAPIV3.PathItemObject) => boolean,
) =>
  Object.entries(paths)
    .filter(([, item]) => item && fulfils(item))
    .map(([path]) => toExpressPath(path))

const toExpressPath = (path: string) => path.replaceAll(/\{([^}]+)\}/g, ':$1')

function toLoadedRoute({ method, path }: ListedRoute): LoadedSpec['routes'][number] {
  return {
    basePath: '',
    expressRoute: toExpressPath(path),
    openApiRoute: path,
    method: method.toUpperCase(),
    pathParams: [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name),
  }
}

function allowReserved(parameter: OpenAPIV3.ReferenceObject | OpenAPIV3.ParameterObject) {
  if ('in' in parameter && parameter.in === 'query') parameter.allowReserved = true
}
