import { readFile } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('getRoot', (service) => {
  const root = (accept: string, method = 'GET') => send(service, '/', { method, headers: { Accept: accept } })
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

  it('says that the service is running, which it is, and where everything else is', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
    const { status, body } = await root('*/*')
    expect(status).toBe(200)
    expect(body).toEqual({
      message: 'The service is running.',
      name: 'upfile',
      version,
      docs: '/docs',
      openapi: '/openapi.json',
      files: '/service/fileupload',
    })
    for (const path of [body.docs, body.openapi, body.files])
      expect([path, (await send(service, String(path))).status]).toEqual([path, 200])
  })

  it.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/*', 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
    ['text/html;q=0.4, application/json;q=0.9', 'application/json'],
    [browser, 'text/html'],
    ['text/html', 'text/html'],
    ['text/*', 'text/html'],
    ['text/html, application/json;q=0.9', 'text/html'],
  ])('answers a client that takes %s with %s', async (accept, type) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, bytes } = await root(accept, method)
      expect([method, status]).toEqual([method, 200])
      expect(headers.get('content-type')).toContain(type)
      expect(headers.get('vary')).toContain('Accept')
      if (method === 'HEAD') expect(bytes).toHaveLength(0)
    }
  })

  it.each(['image/png', 'text/plain', 'text/html;q=0, application/json;q=0'])(
    'refuses a client that takes only %s',
    async (accept) => {
      expect(await root(accept)).toBeProblem(406, 'not-acceptable')
    },
  )

  it('refuses other methods and parameters', async () => {
    const refused = await root('*/*', 'POST')
    expect(refused).toBeProblem(405, 'method-not-allowed')
    expect(refused.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS'])
    expect(await send(service, '/?page=1')).toBeProblem(400)
  })
})
