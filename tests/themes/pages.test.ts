import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { load } from 'js-yaml'
import { send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('pages', (service) => {
  /** Every file that a page loads. */
  const loadedBy = (page: Buffer) =>
    [...page.toString().matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g)].map(
      ([, path = '']) => path,
    )
  const types: Readonly<Record<string, RegExp>> = {
    css: /^text\/css/,
    js: /^text\/javascript/,
    png: /^image\/png/,
    svg: /^image\/svg\+xml/,
  }

  describe.each([
    ['The documentation', '/docs', ['swagger-ui-bundle.js', 'swagger-ui.css']],
    ['The page for browsers', '/', ['page.js', 'page.css', 'icon.svg']],
  ])('%s', (_page, path, parts) => {
    const open = () => send(service, path, { headers: { Accept: 'text/html' } })

    it('is a page that runs nothing inline and nothing from elsewhere', async () => {
      const { status, headers, bytes } = await open()
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toMatch(/script-src 'self'(;|$)/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(bytes.toString()).not.toMatch(/<script(?![^>]* src=)| on\w+=|https?:|\/\/(?=\w)/)
    })

    it('loads only what is there, as what it is', async () => {
      const paths = loadedBy((await open()).bytes)
      for (const part of parts) expect(paths.some((loaded) => loaded.endsWith(part))).toBe(true)
      for (const loaded of paths) {
        const answer = await send(service, loaded)
        expect([loaded, answer.status]).toEqual([loaded, 200])
        expect(answer.headers.get('content-type')).toMatch(types[loaded.split('.').at(-1) ?? ''] ?? /^$/)
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
        expect(answer.bytes.length).toBeGreaterThan(100)
      }
    })
  })

  describe('The contract', () => {
    it('is served as it was written, and as JSON', async () => {
      const written = await readFile(new URL('../../api/openapi.yaml', import.meta.url), 'utf8')
      const yaml = await send(service, '/openapi.yaml')
      expect(yaml.headers.get('content-type')).toMatch(/^application\/yaml/)
      expect(yaml.bytes.toString()).toBe(written)
      const json = await send(service, '/openapi.json')
      expect(json.headers.get('content-type')).toMatch(/^application\/json/)
      expect(json.body).toEqual(load(written))
    })

    it('is what the documentation shows', async () => {
      expect((await send(service, '/docs/start.js')).bytes.toString()).toContain("'/openapi.json'")
    })
  })

  describe('What can only be read', () => {
    const paths = [
      '/docs',
      '/docs/',
      '/docs/start.js',
      '/docs/swagger-ui.css',
      '/openapi.json',
      '/openapi.yaml',
      '/web/page.js',
    ]

    it.each(paths)('%s answers HEAD as it answers GET', async (path) => {
      const [got, head] = [await send(service, path), await send(service, path, { method: 'HEAD' })]
      expect([got.status, head.status, head.bytes.length]).toEqual([200, 200, 0])
      for (const name of ['content-type', 'content-length'])
        expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)])
    })

    it.each(paths)('%s answers every other method with 405', async (path) => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await send(service, path, { method })
        expect(answer).toBeProblem(405, 'method-not-allowed')
        expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      }
    })

    it.each(['/ui', '/ui/', '/redoc', '/redoc/', '/ui/?url=x'])(
      '%s leads to the documentation',
      async (path) => {
        for (const method of ['GET', 'HEAD']) {
          const { status, headers } = await fetch(`${service.url}${path}`, { method, redirect: 'manual' })
          expect([status, headers.get('location')]).toEqual([308, '/docs'])
        }
        expect(await send(service, path, { method: 'POST' })).toBeProblem(405, 'method-not-allowed')
      },
    )

    it('is not sent again to who has it', async () => {
      const { headers } = await send(service, '/web/page.js')
      const known = { 'If-Modified-Since': headers.get('last-modified') ?? '', 'Cache-Control': 'max-age=0' }
      expect(await send(service, '/web/page.js', { headers: known })).toMatchObject({ status: 304 })
    })

    it('has the policy of the page also where the page is a file', async () => {
      const { headers } = await send(service, '/web/index.html')
      expect(headers.get('content-security-policy')).toContain("script-src 'self'")
    })

    it.each([
      '/docs/index.html',
      '/docs/swagger-initializer.js',
      '/docs/package.json',
      '/docs/swagger-ui-bundle.js/',
      '/docs/..%2fpackage.json',
      '/docs/%2e%2e/express/package.json',
      '/docs/%00',
      '/Docs',
      '/ui/index.html',
      '/web',
      '/web/',
      '/web/nothing.js',
      '/web/..%2fmain.ts',
      '/web/..%2f..%2fpackage.json',
      '/web/%5c..%5cmain.ts',
      '/web/.%00',
      '/openapi',
      '/nowhere',
    ])('is no more than that: %s is 404', async (path) => {
      expect(await send(service, path)).toBeProblem(404)
    })
  })
})
