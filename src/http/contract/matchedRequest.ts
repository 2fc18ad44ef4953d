import type { Request } from 'express'

/** What of an operation's description the HTTP layer looks at. */
export interface DescribedOperation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly parameters?: readonly { readonly name: string; readonly style?: string }[]
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly requestBody?: {
    readonly 'x-max-bytes'?: number
    readonly content: Readonly<Record<string, { readonly schema?: DescribedSchema }>>
  }
}

export interface DescribedSchema {
  readonly properties?: Readonly<Record<string, { readonly format?: string; readonly maxLength?: number }>>
}

/** What the validator keeps about a request that was matched to an operation. */
interface Matched {
  readonly openapi?: { readonly schema?: DescribedOperation; readonly pathParams?: Record<string, string> }
}

/** The operation that a request was matched to, as the spec describes it. */
export const operationOf = (req: Request & Matched): DescribedOperation | undefined => req.openapi?.schema

/** The parameters in a request's path, decoded and validated. */
export const pathParametersOf = (req: Request & Matched): Record<string, string> =>
  req.openapi?.pathParams ?? {}

/** A header's only value; of several lines, all of them joined as HTTP joins them. */
export function header(req: Request, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
