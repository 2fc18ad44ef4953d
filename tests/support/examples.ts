import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { load } from 'js-yaml'
import {
  type Document,
  type Example,
  listExamples,
  listOperations,
  type Response,
} from '../../docs/examples.ts'
import { type Answer, send } from './client.ts'
import type { TestService } from './service.ts'

/** The contract as it is written. */
export const contract = load(
  readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8'),
) as Document & { components: Record<string, unknown> }

export const operations = listOperations(contract)
export const examples = operations.flatMap((operation) => listExamples(contract, operation))

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true })
ajv.addKeyword('components') // where a schema's references lead
ajv.addFormat('binary', true)
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)

const compiled = new Map<unknown, ValidateFunction>()

/** The errors of a value by a schema of the contract; empty when the value is valid. */
export function complaints(schema: object, value: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv.compile({ ...schema, components: contract.components })
  compiled.set(schema, validate)
  return validate(value)
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
}

/** The errors of an answer by the contract's response for its status; empty when the answer is valid. */
export function answerComplaints(
  responses: Readonly<Record<string, Response>>,
  answer: Answer<unknown>,
): string[] {
  const response = responses[answer.status] ?? (answer.status >= 400 ? responses.default : undefined)
  if (!response) return [`status ${answer.status} is not declared`]
  const headers = Object.entries(response.headers ?? {}).flatMap(([name, { required, schema }]) => {
    const value = answer.headers.get(name)
    if (value === null) return required ? [`${name} is missing`] : []
    const typed = schema.type === 'integer' ? Number(value) : value
    return complaints(schema, typed).map((complaint) => `${name}${complaint}`)
  })
  if (!response.content) return answer.bytes.length === 0 ? headers : [...headers, 'there is a body']
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? ''
  const content = response.content[type] ?? response.content['*/*']
  if (!content) return [...headers, `type ${type} is not declared`]
  const value = /json$/.test(type) ? answer.body : answer.bytes.toString()
  return [...headers, ...complaints(content.schema, value)]
}

/** Sends the request of an example. */
export function sendExample(service: Pick<TestService, 'url'>, example: Example): Promise<Answer<unknown>> {
  const { operation, parameters, body } = example
  const of = (place: string): [string, string][] =>
    parameters.flatMap(({ parameter, value }) =>
      parameter.in === place ? [[parameter.name, String(value)]] : [],
    )
  const path = of('path').reduce((text, [name, value]) => text.replace(`{${name}}`, value), operation.path)
  const query = new URLSearchParams(of('query'))
  return send<unknown>(service, `${path}${query.size > 0 ? `?${query}` : ''}`, {
    method: operation.method.toUpperCase(),
    headers: {
      ...Object.fromEntries(of('header')),
      ...(body?.type === 'application/json' && { 'content-type': body.type }),
    },
    ...(body && { body: toBody(body) }),
  })
}

/** The body of a request, as its example has it. */
export function toBody({ type, content, value }: NonNullable<Example['body']>): FormData | string {
  if (type === 'application/json') return JSON.stringify(value)
  if (type !== 'multipart/form-data') return String(value)
  const form = new FormData()
  for (const [name, text] of Object.entries(value as Record<string, string>)) {
    const binary = content.schema.properties?.[name]?.format === 'binary'
    form.append(name, binary ? new File([text], name) : text)
  }
  return form
}
