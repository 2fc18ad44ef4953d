/** The parts of an OpenAPI document that examples are found in. */
export interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
}

type Referable<T> = T | { readonly $ref: string }
type Named<T> = Readonly<Record<string, T>>
type Schema = Readonly<Record<string, unknown>>

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
export type Method = (typeof methods)[number]

type PathItem = Partial<Readonly<Record<Method, WrittenOperation>>> & {
  readonly parameters?: readonly Referable<Parameter>[]
}

interface WrittenOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Referable<Parameter>[]
  readonly security?: readonly Named<readonly string[]>[]
  readonly requestBody?: { readonly content: Named<Content> }
  readonly responses: Named<Referable<Response>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
  readonly examples?: Named<Referable<{ readonly value: unknown }>>
}

export interface Content {
  readonly schema: Schema & {
    readonly properties?: Named<{ readonly format?: string; readonly description?: string }>
  }
  readonly examples?: Named<Referable<{ readonly value: unknown }>>
}

export interface Response {
  readonly description: string
  readonly headers?: Named<{ readonly required?: boolean; readonly schema: Schema }>
  readonly content?: Named<Content>
}

/** One method of one path, with every reference followed. */
export interface DescribedOperation extends WrittenOperation {
  readonly method: Method
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly responses: Named<Response>
}

/** A request and the answer that belongs to it: the same-named examples of one operation. */
export interface Example {
  readonly name: string
  readonly operation: DescribedOperation
  readonly parameters: readonly { readonly parameter: Parameter; readonly value: unknown }[]
  readonly body: ExampleBody | undefined
  readonly answer: ExampleBody & { readonly status: number }
}

export interface ExampleBody {
  readonly type: string
  readonly content: Content
  readonly value: unknown
}

export function listOperations(document: Document): DescribedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method): DescribedOperation[] => {
      const written = item[method]
      if (!written) return []
      const parameters = [...(item.parameters ?? []), ...(written.parameters ?? [])]
      return [
        {
          ...written,
          method,
          path,
          parameters: parameters.map((parameter) => follow(document, parameter)),
          responses: Object.fromEntries(
            Object.entries(written.responses).map(([status, response]) => [
              status,
              follow(document, response),
            ]),
          ),
        },
      ]
    }),
  )
}

/** Every example of an operation. What a parameter that operations share says about other examples is left out. */
export function listExamples(document: Document, operation: DescribedOperation): Example[] {
  return Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
    bodiesOf(document, content).map(
      ({ name, ...answer }): Example => ({
        name,
        operation,
        parameters: operation.parameters.flatMap((parameter) => {
          const example = parameter.examples?.[name]
          return example ? [{ parameter, value: follow(document, example).value }] : []
        }),
        body: bodiesOf(document, operation.requestBody?.content ?? {}).find((body) => body.name === name),
        answer: { ...answer, status: Number(status) },
      }),
    ),
  )
}

/** The examples of all media types a body may have. */
export const bodiesOf = (document: Document, contents: Named<Content>): (ExampleBody & { name: string })[] =>
  Object.entries(contents).flatMap(([type, content]) =>
    Object.entries(content.examples ?? {}).map(([name, example]) => ({
      name,
      type,
      content: { ...content, schema: follow(document, content.schema) },
      value: follow(document, example).value,
    })),
  )

function follow<T extends object>(document: Document, value: Referable<T>): T {
  if (!('$ref' in value)) return value
  const steps = value.$ref.replace(/^#\//, '').split('/')
  return steps.reduce((place: object, step) => Reflect.get(place, step), document) as T
}
