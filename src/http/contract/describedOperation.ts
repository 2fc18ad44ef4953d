/** The part of an operation's description in the spec that the HTTP layer reads. */
export interface DescribedOperation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly tags?: readonly string[]
  readonly parameters?: readonly DescribedParameter[]
  /** Whether the operation ignores query parameters that it does not know, instead of refusing them. */
  readonly 'x-unknown-parameters'?: 'ignored'
  /** Whether a GET changes something. */
  readonly 'x-changes'?: true
  /** Schemes that a caller may use, each with the scopes of which one is enough (OpenAPI 3.1, 4.8.30). */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly 'x-max-bytes'?: number
    readonly content: Readonly<Record<string, { readonly schema?: DescribedSchema }>>
  }
}

/** Whether an operation is called by a link alone. */
export const needsLink = ({ security = [] }: Pick<DescribedOperation, 'security'>): boolean =>
  security.some((scheme) => Object.hasOwn(scheme, 'link'))

/** The part of a parameter in the spec that the HTTP layer reads. */
export interface DescribedParameter {
  readonly name: string
  /** Where the parameter is: `query`, `path` or `header`. */
  readonly in: string
  readonly style?: string
  readonly schema?: { readonly type?: unknown; readonly format?: unknown }
}

/** The part of a schema in the spec that the HTTP layer reads. */
export interface DescribedSchema {
  readonly properties?: Readonly<Record<string, { readonly format?: string; readonly maxLength?: number }>>
  readonly additionalProperties?: boolean
  readonly required?: readonly string[]
}
