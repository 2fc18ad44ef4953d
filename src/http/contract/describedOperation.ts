/** The part of an operation's description in the spec that the HTTP layer reads. */
export interface DescribedOperation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly parameters?: readonly { readonly name: string; readonly style?: string }[]
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly requestBody?: {
    readonly 'x-max-bytes'?: number
    readonly content: Readonly<Record<string, { readonly schema?: DescribedSchema }>>
  }
}

/** The part of a schema in the spec that the HTTP layer reads. */
export interface DescribedSchema {
  readonly properties?: Readonly<Record<string, { readonly format?: string; readonly maxLength?: number }>>
  readonly additionalProperties?: boolean
}
