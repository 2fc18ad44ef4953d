import { readFileSync, writeFileSync } from 'node:fs'
import { load } from 'js-yaml'
import {
  type DescribedOperation,
  type Document,
  type Example,
  type ExampleBody,
  listExamples,
  listOperations,
  type Parameter,
} from './examples.ts'
import { removeMade, skipFirstKey, toEvent, toTest } from './postmanScripts.ts'

/** The name under which an upload's bytes lie beside the collection, for Postman sends files, not texts. */
export const sampleFile = 'hello.txt'

/** A Postman collection (v2.1) with one request for each example of the contract. */
export function toCollection(document: Document) {
  const { title, version, description } = document.info
  const operations = listOperations(document).toSorted((one, other) => rank(one) - rank(other))
  return {
    info: {
      name: title,
      description: `${description}\n${settable}\n${repeatable}\nGenerated from api/openapi.yaml ${version} by \`npm run postman\`.`,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'apikey', apikey: accessKey },
    variable: [
      { key: 'baseUrl', value: 'http://localhost:8000', type: 'string' },
      { key: 'key', value: '', type: 'string' },
      { key: 'file_hash', value: sampleHash(document), type: 'string' },
      { key: 'made', value: '[]', type: 'string' },
    ],
    event: [toEvent('test', removeMade)],
    item: document.tags.map((tag) => ({
      name: tag.name,
      description: tag.description,
      item: operations
        .filter(({ tags }) => tags.includes(tag.name))
        .flatMap((operation) => listExamples(document, operation).map((example) => toItem(example))),
    })),
  }
}

const settable =
  'Set the variable `baseUrl` to the address of the service, and `key` to an access key; an open service needs none. ' +
  'While `key` is empty the request that makes a key is skipped, because the first key closes an open service for good.'

const repeatable =
  'Every DELETE here also removes the files and buckets that requests of this collection made, so that it can run again.'

/** How each request sends the variable `key`, unless it says that it sends none. */
const accessKey = [
  { key: 'key', value: 'x-api-key', type: 'string' },
  { key: 'value', value: '{{key}}', type: 'string' },
  { key: 'in', value: 'header', type: 'string' },
]

/** Whether an operation looks at access keys: it asks for none, or for a link instead, when no list of its `security` has them. */
const takesKey = ({ security = [] }: DescribedOperation) =>
  security.some((requirement) => Object.hasOwn(requirement, 'accessKey'))

/** The order in which a run of the whole collection makes sense: uploads first, deletions last. */
const rank = ({ method }: DescribedOperation) => ['post', 'get', 'put', 'patch', 'delete'].indexOf(method)

/** The hash of the file that createFile's first example uploads. */
function sampleHash(document: Document): string {
  const parameters = listOperations(document).flatMap((operation) => operation.parameters)
  const parameter = parameters.find(({ name }) => name === 'file_hash')
  const [first] = Object.values(parameter?.examples ?? {})
  return first && 'value' in first ? String(first.value) : ''
}

function toItem(example: Example) {
  const { operation, name, body, answer } = example
  const request = {
    method: operation.method.toUpperCase(),
    description: operation.description ?? operation.summary,
    ...(!takesKey(operation) && { auth: { type: 'noauth' } }),
    header: [
      ...(body && body.type !== 'multipart/form-data' ? [{ key: 'Content-Type', value: typeOf(body) }] : []),
      ...parametersIn('header', example),
    ],
    ...(body && { body: toBody(operation.operationId === 'createKey' ? withFreshName(body) : body) }),
    url: toUrl(example),
  }
  return {
    name: `${operation.summary}: ${name}`,
    request,
    event: [
      ...(operation.operationId === 'createKey' ? [toEvent('prerequest', skipFirstKey)] : []),
      toEvent('test', toTest(example)),
    ],
    response: [
      {
        name,
        originalRequest: request,
        code: answer.status,
        header: [{ key: 'Content-Type', value: answer.type }],
        body:
          typeof answer.value === 'string' && !/json/.test(answer.type) ? answer.value : toText(answer.value),
      },
    ],
  }
}

const toText = (value: unknown) => JSON.stringify(value, null, 2)
const typeOf = ({ type }: ExampleBody) => (type === '*/*' ? 'application/octet-stream' : type)

/** A key keeps its name when it is revoked, so each run needs another one. */
const withFreshName = ({ value, ...body }: ExampleBody): ExampleBody => ({
  ...body,
  value: { ...Object(value), name: `${Object(value).name} {{$guid}}` },
})

function toBody({ type, content, value }: ExampleBody) {
  if (type !== 'multipart/form-data')
    return { mode: 'raw', raw: type === 'application/json' ? toText(value) : String(value) }
  const { properties = {} } = content.schema
  const given = new Map(Object.entries(value as Record<string, string>))
  return {
    mode: 'formdata',
    formdata: Object.entries(properties).map(([key, { format, description }]) => ({
      key,
      ...(format === 'binary'
        ? { type: 'file', src: sampleFile }
        : { type: 'text', value: given.get(key) ?? '' }),
      ...(description !== undefined && { description }),
      ...(!given.has(key) && { disabled: true }),
    })),
  }
}

function toUrl(example: Example) {
  const path = example.operation.path.replace(/\{(\w+)\}/g, ':$1')
  const query = parametersIn('query', example)
  const sent = query.filter(({ disabled }) => !disabled).map(({ key, value }) => `${key}=${value}`)
  const variable = parametersIn('path', example)
  return {
    raw: `{{baseUrl}}${path}${sent.length > 0 ? `?${sent.join('&')}` : ''}`,
    host: ['{{baseUrl}}'],
    path: path.slice(1).split('/'),
    ...(query.length > 0 && { query }),
    ...(variable.length > 0 && { variable }),
  }
}

/** The operation's parameters of one kind; those that the example does not use are there to be switched on. */
function parametersIn(place: Parameter['in'], { operation, parameters, answer }: Example) {
  return operation.parameters
    .filter((parameter) => parameter.in === place)
    .map((parameter) => {
      const used = parameters.find((each) => each.parameter === parameter)
      const uploaded = parameter.name === 'file_hash' && answer.status < 400
      return {
        key: parameter.name,
        value: uploaded ? '{{file_hash}}' : String(used?.value ?? ''),
        ...(parameter.description !== undefined && { description: parameter.description }),
        ...(!used && { disabled: true }),
      }
    })
}

/** The bytes that the uploads of the contract's examples send. */
export const sampleBytes = (document: Document): string => {
  const uploads = listOperations(document).flatMap((operation) => listExamples(document, operation))
  const form = uploads.find(({ body }) => body?.type === 'multipart/form-data')?.body
  return String((form?.value as { upfile?: string } | undefined)?.upfile)
}

if (import.meta.main) {
  const here = (name: string) => new URL(name, import.meta.url)
  const document = load(readFileSync(here('../api/openapi.yaml'), 'utf8')) as Document
  writeFileSync(here('postman.json'), `${toText(toCollection(document))}\n`)
  writeFileSync(here(sampleFile), sampleBytes(document))
}
