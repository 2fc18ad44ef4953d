import { beforeAll, expect, it } from '@jest/globals'
import { load } from 'js-yaml'
import { type Answer, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { answerComplaints, complaints, contract, operations } from '../support/examples.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('the contract', { ALLOWED_TYPES: 'text/*', MAX_FILE_SIZE: '100' }, (service) => {
  let id: string
  beforeAll(async () => {
    id = (await upload(service, 'Held against the contract.')).body.id
  })

  const paths = Object.keys(contract.paths)
  /** The paths whose GET changes nothing. */
  const readOnly = operations
    .filter(({ method, path }) => method === 'get' && path !== '/s3/params')
    .map(({ path }) => path)
  const needsLink = (security: (typeof operations)[number]['security']) =>
    security?.some((requirement) => 'link' in requirement)
  const concrete = (path: string) => path.replace('{file_hash}', id)
  const declared = (path: string) => {
    const own = operations
      .filter((operation) => operation.path === path)
      .map(({ method }) => method.toUpperCase())
    return readOnly.includes(path) ? [...own, 'HEAD', 'OPTIONS'] : [...own, 'OPTIONS']
  }

  it('allows HEAD wherever a GET changes nothing, with the same headers and no body', async () => {
    for (const path of readOnly) {
      const [get, head] = [
        await send(service, concrete(path)),
        await send(service, concrete(path), { method: 'HEAD' }),
      ]
      expect([path, head.status, head.bytes.length]).toEqual([path, get.status, 0])
      for (const name of ['content-type', 'etag', 'content-disposition', 'repr-digest']) {
        expect([path, name, head.headers.get(name)]).toEqual([path, name, get.headers.get(name)])
      }
    }
  })

  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY']
  const undeclared = paths
    .flatMap((path) =>
      methods.filter((method) => !declared(path).includes(method)).map((method) => [method, path] as const),
    )
    // The word is where the number of a part is when it is asked for.
    .filter(([method, path]) => method !== 'GET' || !path.endsWith('/complete'))
  it.each(undeclared)('answers %s %s with 405 and the methods there are', async (method, path) => {
    const answer = await sendRaw(service, method, concrete(path))
    expect(answer).toBeProblem(405, 'method-not-allowed')
    expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(declared(path).toSorted())
  })

  it.each(paths)('answers OPTIONS %s with the methods there are', async (path) => {
    const answer = await sendRaw(service, 'OPTIONS', concrete(path), { Origin: 'https://app.example' })
    expect([answer.status, answer.bytes.length]).toEqual([204, 0])
    expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(declared(path).toSorted())
  })

  it.each(['/openapi.json', '/docs', '/docs/start.js', '/web/page.js'])(
    'answers OPTIONS %s with the methods of what is read only',
    async (path) => {
      const answer = await sendRaw(service, 'OPTIONS', path)
      expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    },
  )

  it.each([
    ['nothing there', '/nowhere'],
    ['something below a path', '/livez/deeper'],
    ['half a path', '/service'],
    ['another case', '/Service/FileUpload'],
    ['more than there is below a file', `${filesPath}/x/content/y`],
    ['a file of the page that is not there', '/web/nothing.js'],
    ['a file of the documentation that is not there', '/docs/nothing.js'],
  ])('answers an unknown path with 404: %s', async (_case, path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      expect(await send(service, path, { method })).toBeProblem(404, 'not-found')
    }
  })

  // Who has no link learns nothing more.
  const withBody = operations.filter(
    ({ requestBody, security }) => requestBody && !requestBody.content['*/*'] && !needsLink(security),
  )
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/mixed; boundary=x',
    'application/xml',
    '*/*',
    'x',
  ]
  it.each(
    withBody.flatMap(({ operationId, method, path }) =>
      types.map((type) => [operationId, type, method.toUpperCase(), path] as const),
    ),
  )('%s answers a body of type %s with 415', async (_id, type, method, path) => {
    const answer = await sendRaw(
      service,
      method,
      concrete(path),
      { 'content-type': type, 'content-length': '5' },
      'hello',
    )
    expect(answer).toBeProblem(415, 'unsupported-media-type')
    expect(await service.violations()).toEqual([])
  })

  const oneType = operations
    .filter(({ responses, security }) => !responses['204'] && !needsLink(security))
    .filter(({ responses }) =>
      Object.entries(responses).every(
        ([status, { content }]) => !status.startsWith('2') || !content?.['*/*'],
      ),
    )
  it.each(oneType.map(({ operationId, method, path }) => [operationId, method.toUpperCase(), path] as const))(
    '%s answers 406 when the client takes no type it has',
    async (_id, method, path) => {
      const answer = await sendRaw(service, method, concrete(path), { accept: 'image/png, text/html;q=0' })
      expect(answer).toBeProblem(406, 'not-acceptable')
    },
  )

  it.each([
    '*/*',
    'application/*',
    'image/png, application/json;q=0.1',
    'application/json; charset=utf-8',
    'application/json;charset=utf-8;q=0.5',
    ' ',
    'application/problem+json, */*;q=0.1',
  ])('serves a client that accepts %s', async (accept) => {
    expect((await send(service, `${filesPath}/${id}`, { headers: { accept } })).status).toBe(200)
  })

  it.each([
    '/?utm_source=',
    '/?utm_source=a&page=1',
    '/healthcheck/?x=1',
    '/healthcheck?x',
    '/livez?_=1789000000',
    '/readyz?x[y]=1&x[y]=2',
  ])('serves %s, and ignores what it does not know', async (target) => {
    for (const method of ['GET', 'HEAD'])
      expect([method, (await sendRaw(service, method, target)).status]).toEqual([method, 200])
  })

  it.each([
    '?utm_source=a',
    '?bucket=x',
    '?filename=a',
    '?bucket=x&disposition=inline',
    '?fields[x]=1',
    '?disposition[x]=1',
  ])('serves a public file at its address with %s', async (query) => {
    const form = new FormData()
    form.append('file', new File(['open'], 'open.txt'))
    await service.api.post('/buckets').send({ name: 'open', visibility: 'public' })
    await send(service, '/file/open', { method: 'POST', body: form })
    expect((await sendRaw(service, 'GET', `/public/open/open.txt${query}`)).status).toBe(200)
    expect((await sendRaw(service, 'GET', `${filesPath}/${id}/content${query}`)).status).toBe(200)
  })

  /** The name of a parameter that the path or a header has, for each of them, and one that is known nowhere. */
  const strict = operations
    .filter((operation) => !needsLink(operation.security) && !('x-unknown-parameters' in operation))
    .flatMap((operation) => {
      const queries = operation.parameters.filter((parameter) => parameter.in === 'query')
      const others = operation.parameters.filter((parameter) => parameter.in !== 'query')
      return ['colour', 'limit[]', ...others.map(({ name }) => name)]
        .filter((name) => !queries.some((parameter) => parameter.name === name))
        .map((name) => [operation.operationId, name, operation] as const)
    })
  it.each(strict)('%s refuses the query parameter %s that it does not know', async (_id, name, operation) => {
    const target = `${concrete(operation.path)}?${new URLSearchParams({ [name]: 'x' })}`
    const answer = await sendRaw(service, operation.method.toUpperCase(), target)
    expect(answer).toBeProblem(400, 'bad-request')
    const detail = expect.stringMatching(/is unknown: /)
    expect(answer.body).toMatchObject({ detail, errors: [{ parameter: name }] })
  })

  it.each([
    [`${filesPath}?Limit=1`, 'limit'],
    [`${filesPath}?created-after=x`, 'created_after'],
    [`${filesPath}?limits=1`, 'limit'],
    ['/s3/params?filename=a&type=&meta-data[x]=1', 'metadata\\[key\\]'],
    ['/s3/params?filename=a&type=&file_name=b', 'filename'],
    ['/buckets?page=1', 'limit, after'],
    ['/file-status/0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11?x=1', 'there are none here'],
  ])('says what GET %s probably meant', async (target, meant) => {
    const { body } = await sendRaw(service, 'GET', target)
    expect(body).toMatchObject({ detail: expect.stringMatching(new RegExp(`(use )?${meant}\\.$`)) })
  })

  const bad = operations.filter(({ parameters }) =>
    parameters.some((parameter) => parameter.name === 'bucket' && parameter.in === 'query'),
  )
  it.each(bad.map((operation) => [operation.operationId, operation] as const))(
    '%s declares what it answers to a parameter of the wrong form',
    async (_id, { method, path, responses, requestBody }) => {
      const answer = await send(service, `${concrete(path)}?bucket=NO`, {
        method: method.toUpperCase(),
        ...(requestBody && { body: '{}', headers: { 'content-type': 'application/json' } }),
      })
      expect(answer).toBeProblem(400)
      expect(answerComplaints(responses, answer)).toEqual([])
    },
  )

  /** The texts in the query and in headers of operations whose answer depends on no link and on no form or JSON. */
  const texts = operations
    .filter(
      ({ security, requestBody }) => !needsLink(security) && (!requestBody || requestBody.content['*/*']),
    )
    .flatMap((operation) =>
      operation.parameters
        .filter(({ in: place, schema }) => place !== 'path' && !/integer|object/.test(String(schema.type)))
        .map((parameter) => [operation.operationId, parameter.name, operation, parameter] as const),
    )
  it.each(texts)(
    '%s refuses an empty %s when the contract does',
    async (_id, name, operation, { schema }) => {
      const { method, path, parameters } = operation
      const query = new URLSearchParams()
      const headers: Record<string, string> = { 'content-length': '0' }
      for (const { name: other, in: place, required, examples = {} } of parameters) {
        const [example] = Object.values(examples)
        if (other === name && place === 'header') headers[name] = ''
        else if (other === name) query.set(name, '')
        else if (required && place === 'query' && example && 'value' in example)
          query.set(other, String(example.value))
      }
      const answer = await sendRaw(service, method.toUpperCase(), `${concrete(path)}?${query}`, headers)
      const refused =
        answer.status === 400 && JSON.stringify(answer.body).toLowerCase().includes(name.toLowerCase())
      expect(refused).toBe(complaints(schema, '').length > 0)
    },
  )

  it('declares everything that a problem tells', async () => {
    const twice = await upload(service, 'twice')
    await upload(service, 'twice', { query: '?duplicates=allow' })
    const refusals: Record<string, [string, () => Promise<Answer<unknown>>]> = {
      'type-not-allowed': ['createFile', () => upload(service, Buffer.from('GIF89a\x01\0\x01\0\0\0\0;'))],
      'file-too-large': ['createFile', () => upload(service, 'x'.repeat(101))],
      'file-exists': ['createFile', () => upload(service, 'twice')],
      'ambiguous-hash': [
        'deleteFile',
        () => send(service, `${filesPath}/${twice.body.file_hash}`, { method: 'DELETE' }),
      ],
      'range-not-satisfiable': [
        'downloadFile',
        () => send(service, `${filesPath}/${id}/content`, { headers: { range: 'bytes=100-' } }),
      ],
    }
    for (const [code, [operationId, refused]] of Object.entries(refusals)) {
      const answer = await refused()
      const operation = operations.find((candidate) => candidate.operationId === operationId)
      expect(answer.body).toMatchObject({ code, type: `/problems/${code}` })
      expect([code, ...answerComplaints(operation?.responses ?? {}, answer)]).toEqual([code])
    }
  })

  it('shows the page to a browser, and declares its type', async () => {
    const answer = await send(service, '/', { headers: { accept: 'text/html,*/*;q=0.8' } })
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    const root = operations.find(({ operationId }) => operationId === 'getRoot')
    expect(answerComplaints(root?.responses ?? {}, answer)).toEqual([])
  })

  it('forbids in every answer what is not declared', () => {
    const open = operations.flatMap(({ operationId, responses }) =>
      Object.values(responses).flatMap(({ content = {} }) =>
        Object.values(content).flatMap(({ schema }) =>
          openObjects(schema).map((place) => `${operationId}${place}`),
        ),
      ),
    )
    expect(new Set(open.map((place) => place.replace(/^\w+/, '')))).toEqual(new Set(metadata))
  })

  it.each(['/openapi.json', '/openapi.yaml'])('is served at %s as it is written', async (path) => {
    const answer = await send(service, path)
    expect(answer.status).toBe(200)
    expect(load(answer.bytes.toString())).toEqual(contract)
  })

  /** The owner's metadata, in every answer with a file; and the fields of a signed request, by S3's names. */
  const metadata = [
    '/metadata',
    '/items/details',
    '/items/metadata',
    '/file/metadata',
    '/fields',
    '/headers',
    '/presignedUrls',
  ]

  /** Places of a schema whose objects may hold anything. */
  function openObjects(schema: unknown, place = ''): string[] {
    if (typeof schema !== 'object' || schema === null) return []
    const { $ref, type, properties = {}, items, additionalProperties } = schema as Record<string, unknown>
    if (typeof $ref === 'string') {
      const steps = $ref.split('/').slice(1)
      return openObjects(
        steps.reduce((value: object, step) => Reflect.get(value, step), contract),
        place,
      )
    }
    const open = type === 'object' && additionalProperties !== false ? [place] : []
    const below = Object.entries(properties as object).flatMap(([name, property]) =>
      openObjects(property, `${place}/${name}`),
    )
    return [...open, ...below, ...openObjects(items, `${place}/items`)]
  }
})
