import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { sendRaw } from '../support/sendRaw.ts'

describeService('pages', (service) => {
  const web = resolve(import.meta.dirname, '../../src/web')
  const html = { headers: { Accept: 'text/html' } }

  /** Content-Security-Policy as a map from directive to its sources. */
  function parsePolicy(policy: string | null): Map<string, string[]> {
    const directives = (policy ?? '').split(';').map((directive) => directive.trim().split(/\s+/))
    return new Map(directives.map(([name = '', ...sources]) => [name, sources]))
  }

  describe.each(['/', '/docs'])('the page %s', (path) => {
    it('may run only scripts of its own, and none that is inline', async () => {
      const policy = parsePolicy((await send(service, path, html)).headers.get('content-security-policy'))
      expect(policy.get('default-src')).toEqual(["'none'"])
      expect(policy.get('script-src')).toEqual(["'self'"])
      expect(policy.get('connect-src')).toEqual(["'self'"])
      const sources = [...policy.values()].flat()
      expect(sources.filter((source) => /unsafe-eval|unsafe-hashes|\*|https?:|blob:/.test(source))).toEqual(
        [],
      )
    })

    it('has no inline script or handler, and loads nothing from elsewhere', async () => {
      const page = (await send(service, path, html)).bytes.toString()
      expect(page).toMatch(/^<!doctype html>/)
      for (const [tag, attributes = '', content = ''] of page.matchAll(/<script\b([^>]*)>([^<]*)<\/script>/g))
        expect([tag, /\bsrc="\//.test(attributes), content]).toEqual([tag, true, ''])
      expect(page).not.toMatch(/<[^>]*\s(on\w+|style|srcdoc|formaction)=/i)
      expect(page).not.toMatch(/javascript:|<base|<object|<embed|<iframe|<style/i)
      const addresses = [...page.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address)
      expect(addresses.length).toBeGreaterThan(2)
      expect(addresses.filter((address) => !/^\/(?!\/)/.test(address ?? ''))).toEqual([])
      for (const address of addresses)
        expect([address, (await send(service, address ?? '')).status]).toEqual([address, 200])
    })
  })

  it.each(['/', '/docs'])('%s cannot be embedded, and sends no form anywhere', async (path) => {
    const policy = parsePolicy((await send(service, path, html)).headers.get('content-security-policy'))
    for (const directive of ['frame-ancestors', 'form-action', 'base-uri'])
      expect([directive, policy.get(directive)]).toEqual([directive, ["'none'"]])
  })

  describe('the browser page', () => {
    it('allows nothing unsafe', async () => {
      const policy = parsePolicy((await send(service, '/', html)).headers.get('content-security-policy'))
      expect([...policy.values()].flat().join()).not.toContain('unsafe')
    })

    // Names of files are text of strangers: what turns text into a page or a program has no place here.
    it.each([
      'innerHTML',
      'outerHTML',
      'insertAdjacentHTML',
      'setHTMLUnsafe',
      'createContextualFragment',
      'DOMParser',
      'document.write',
      'srcdoc',
      'eval(',
      'Function(',
      'setAttribute(',
      'javascript:',
      'localStorage',
      'document.cookie',
      'import(',
      'postMessage',
    ])('never uses %s', (word) => {
      const scripts = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.(js|html|svg)$/.test(name),
      )
      expect(scripts).toContain('page.js')
      expect(scripts.filter((name) => readFileSync(join(web, name), 'utf8').includes(word))).toEqual([])
    })
  })

  describe('the files of the pages', () => {
    it.each([
      '/web/..%2fapp.ts',
      '/web/..%2f..%2fpackage.json',
      '/web/%2e%2e/app.ts',
      '/web/../app.ts',
      '/web/..%5capp.ts',
      '/web//etc/passwd',
      '/web/%2fetc%2fpasswd',
      '/web/.%00',
      '/web/page.js%00',
      '/web/page.js/',
      '/web/',
      '/web/.hidden',
      '/docs/..%2fexpress%2fpackage.json',
      '/docs/../express/package.json',
      '/docs/%2e%2e%2fpg%2fpackage.json',
      '/docs/.npmignore',
      '/docs/%c0%ae%c0%ae/x',
    ])('lead nowhere else: %s', async (path) => {
      const answer = await sendRaw(service, 'GET', path)
      expect([200, 301, 302, 400, 403, 404]).toContain(answer.status)
      expect(answer.bytes.toString()).not.toMatch(/root:|"dependencies"|import express/)
      if (answer.status >= 400) expect(answer).toBeProblem(answer.status)
      expect(answer.headers.get('location') ?? '').not.toMatch(/^\/\/|^https?:/)
    })
  })
})
