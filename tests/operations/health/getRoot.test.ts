import { readFile } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { describeService } from '../../support/describeService.ts'

describeService('getRoot', (service) => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

  it('says that the service is running, which it is, and where everything else is', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
    const { body } = await service.api.get('/').set('Accept', '*/*').expect(200)
    expect(body).toEqual({
      message: 'The service is running.',
      name: 'upfile',
      version,
      docs: '/docs',
      openapi: '/openapi.json',
      files: '/service/fileupload',
    })
    for (const path of [body.docs, body.openapi, body.files])
      expect([path, (await service.api.get(path)).status]).toEqual([path, 200])
  })

  it.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/*', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;charset="utf-8"; q=0.9, image/png', 'application/json'],
    ['text/html; level=1; q=0.5, application/json; v=2; q=0.4', 'text/html'],
    ['application/json, text/plain, */*', 'application/json'],
    ['text/html;q=0.4, application/json;q=0.9', 'application/json'],
    [browser, 'text/html'],
    ['text/html', 'text/html'],
    ['text/*', 'text/html'],
    ['text/html, application/json;q=0.9', 'text/html'],
  ])('answers a client that takes %s with %s', async (accept, type) => {
    for (const method of ['get', 'head'] as const) {
      const { status, headers, body } = await service.api[method]('/').set('Accept', accept)
      expect([method, status]).toEqual([method, 200])
      expect(headers['content-type']).toContain(type)
      expect(headers.vary).toContain('Accept')
      if (method === 'head') expect(body).toEqual({})
    }
  })

  it.each([
    'image/png',
    'text/plain',
    'text/html;q=0, application/json;q=0',
    'application/json; charset=utf-8; q=0',
  ])('refuses a client that takes only %s', async (accept) => {
    expect(await service.api.get('/').set('Accept', accept)).toBeProblem(406, 'not-acceptable')
  })

  it('refuses other methods', async () => {
    const refused = await service.api.post('/')
    expect(refused).toBeProblem(405, 'method-not-allowed')
    expect(refused.headers.allow?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS'])
  })
})
