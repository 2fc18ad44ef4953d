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

/** The name under which an upload's bytes lie beside the collection, for Postman sends files, not texts. */
export const sampleFile = 'hello.txt'

/** A Postman collection (v2.1) with one request for each example of the contract. */
export function toCollection(document: Document) {
  const { title, version, description } = document.info
  const operations = listOperations(document).toSorted((one, other) => rank(one) - rank(other))
  return {
    info: {
      name: title,
      description: `${description}\n${repeatable}\nGenerated from api/openapi.yaml ${version} by \`npm run postman\`.`,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'baseUrl', value: 'http://localhost:8000', type: 'string' },
      { key: 'file_hash', value: sampleHash(document), type: 'string' },
      { key: 'made', value: '[]', type: 'string' },
    ],
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: removeMade } }],
    item: document.tags.map((tag) => ({
      name: tag.name,
      description: tag.description,
      item: operations
        .filter(({ tags }) => tags.includes(tag.name))
        .flatMap((operation) => listExamples(document, operation).map((example) => toItem(example))),
    })),
  }
}

const repeatable =
  'Every DELETE here also removes the files and buckets that requests of this collection made, so that it can run again.'

/** Runs after every request. A bucket with other files stays, because the service refuses to delete it. */
const removeMade = [
  "const made = JSON.parse(pm.collectionVariables.get('made'))",
  "const location = pm.response.headers.get('Location')",
  // With PUBLIC_URL the service says where others reach it, which may be elsewhere.
  "if (pm.response.code === 201 && location) made.push(location.replace(/^\\w+:\\/\\/[^/]+/, ''))",
  "const done = pm.request.method === 'DELETE' ? made.splice(0) : []",
  "for (const path of done) pm.sendRequest({ url: pm.variables.replaceIn('{{baseUrl}}') + path, method: 'DELETE' })",
  "pm.collectionVariables.set('made', JSON.stringify(made))",
]

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
    header: [
      ...(body && body.type !== 'multipart/form-data' ? [{ key: 'Content-Type', value: typeOf(body) }] : []),
      ...parametersIn('header', example),
    ],
    ...(body && { body: toBody(body) }),
    url: toUrl(example),
  }
  return {
    name: `${operation.summary}: ${name}`,
    request,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: toTest(example) } }],
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

function toTest({ answer, operation }: Example): string[] {
  const keep = operation.method === 'post' && Object.hasOwn(Object(answer.value), 'file_hash')
  return [
    `pm.test('answers ${answer.status}', () => pm.response.to.have.status(${answer.status}))`,
    // What was uploaded is what the other requests are about, whichever file was chosen.
    ...(keep ? ["pm.collectionVariables.set('file_hash', pm.response.json().file_hash)"] : []),
  ]
}

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
