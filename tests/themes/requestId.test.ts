import { expect, it } from '@jest/globals'
import { filesPath, freshText, putRaw, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

/** Of the form that a key has. */
const key = `upfk_${'K7'.repeat(25)}`

describeService('X-Request-Id', (service) => {
  const GENERATED = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  const ask = async (id: string | undefined, path = filesPath, method = 'GET') => {
    const answer = await send(service, path, {
      method,
      headers: id === undefined ? {} : { 'X-Request-Id': id },
    })
    return answer.headers.get('x-request-id')
  }

  it.each(['a', '7', '0b0e4a5c-6f0c-4c0f-9a51-5f5b7c0d7d11', 'gateway:eu_1.42', 'x'.repeat(128)])(
    'of the client is kept when it is harmless: %s',
    async (id) => {
      expect(await ask(id)).toBe(id)
      const refused = await send(service, '/nowhere', { headers: { 'X-Request-Id': id } })
      expect(refused).toBeProblem(404)
      expect(refused.body.request_id).toBe(id)
    },
  )

  it.each([
    ['', 'nothing'],
    ['x'.repeat(129), 'too long'],
    ['a b', 'two words'],
    ['a, b', 'two ids'],
    ['"quoted"', 'quotes'],
    ['<script>', 'a tag'],
    ['caf\u00e9', 'no ASCII'],
    ['{jndi:ldap://x}', 'something to expand'],
    [key, 'an access key'],
    [`gateway:${key}:1`, 'an access key among other characters'],
    [`gateway-${key.slice(0, -20)}`, 'the beginning of an access key'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl', 'a JWT'],
    ['[31m', 'half an escape'],
  ])('of the client is replaced when it is not: %j (%s)', async (id) => {
    expect(await ask(id)).toMatch(GENERATED)
  })

  it('with an access key in it is kept nowhere', async () => {
    const headers = { 'X-Request-Id': key, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ name: 'requested' })
    const made = await send(service, '/buckets', { method: 'POST', headers, body })
    expect(made.status).toBe(201)
    const refused = await send(service, '/nowhere', { headers })
    expect(refused.body.request_id).toMatch(GENERATED)
    const audit = await send<{ request_id: string }[]>(service, '/audit?action=bucket-created')
    expect(audit.body[0]?.request_id).toBe(made.headers.get('x-request-id'))
  })

  it('is another one for every request', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => ask(undefined)))
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(id).toMatch(GENERATED)
  })

  it('is on every answer', async () => {
    const { body } = await putRaw(service, freshText())
    const requests = [
      ['GET', '/'],
      ['GET', '/livez'],
      ['GET', '/docs'],
      ['GET', '/docs/swagger-ui.css'],
      ['GET', '/openapi.json'],
      ['GET', '/openapi.yaml'],
      ['GET', '/web/page.js'],
      ['HEAD', filesPath],
      ['OPTIONS', filesPath],
      ['PATCH', filesPath],
      ['POST', filesPath],
      ['GET', `${filesPath}?limit=0`],
      ['GET', `${filesPath}/${body.id}`],
      ['GET', `${filesPath}/${body.id}/content`],
      ['DELETE', `${filesPath}/${body.id}`],
      ['GET', '/nowhere'],
      ['GET', '/%ff'],
    ] as const
    for (const [method, path] of requests)
      expect([method, path, await ask('mine', path, method)]).toEqual([method, path, 'mine'])
  })
})
