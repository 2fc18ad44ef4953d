import type { Request } from 'express'

/** What of an operation's description the HTTP layer looks at. */
export interface DescribedOperation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: DescribedSchema }>> }
}

export interface DescribedSchema {
  readonly properties?: Readonly<Record<string, { readonly format?: string; readonly maxLength?: number }>>
}

/** The operation that a request was matched to, as the spec describes it. */
export function operationOf(req: Request): DescribedOperation | undefined {
  if (!('openapi' in req) || typeof req.openapi !== 'object' || req.openapi === null) return undefined
  if (!('schema' in req.openapi)) return undefined
  return req.openapi.schema as DescribedOperation
}

/** A header's only value; of several lines, all of them joined as HTTP joins them. */
export function header(req: Request, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
