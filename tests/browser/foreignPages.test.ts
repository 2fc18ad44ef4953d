import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from '../support/browser.ts'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { type StartedService, startService } from '../support/service.ts'

let service: StartedService
let browser: Browser
/** The server of a stranger, on another port of this machine. */
let stranger: Server
let strangerPort: number
let file: FileBody

beforeAll(async () => {
  service = await startService()
  file = (await upload(service, 'the secret')).body
  browser = await openBrowser({ names: ['evil.example', 'localhost', 'sub.localhost'] })
  stranger = createServer((_req, res) =>
    res.setHeader('Content-Type', 'text/html').end('<title>evil</title>'),
  )
  stranger.listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  strangerPort = (stranger.address() as AddressInfo).port
})
afterAll(async () => {
  await browser?.close()
  stranger?.close()
  await service.stop()
})

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

const names = async () => (await send<FileBody[]>(service, filesPath)).body.map(({ file_name }) => file_name)

const script = readFileSync(new URL('stranger.js', import.meta.url), 'utf8')
const inPage = (page: Page, call: string) => page.evaluate<unknown>(`${script}\n${call}`)
const tryEverything = (page: Page, base: string) =>
  inPage(page, `tryEverything(${JSON.stringify({ base, files: filesPath, id: file.id })})`)

/** The status of the answer to a form that a page sends; the browser tells nobody of it. */
async function sendForm(page: Page, base: string): Promise<number> {
  const answered = new Promise<number>((resolve) => {
    service.server.once('request', (_request, response) => {
      response.once('close', () => resolve(response.statusCode))
    })
  })
  await inPage(page, `sendForm(${JSON.stringify(`${base}${filesPath}`)})`)
  return await answered
}

describe('a page of a stranger', () => {
  it.each([
    ['on another port of this machine', () => `http://127.0.0.1:${strangerPort}/`, () => service.url],
    [
      'on another port of localhost',
      () => `http://localhost:${strangerPort}/`,
      () => `http://localhost:${service.port}`,
    ],
    [
      'below localhost',
      () => `http://sub.localhost:${strangerPort}/`,
      () => `http://localhost:${service.port}`,
    ],
    ['on another site', () => `http://evil.example:${strangerPort}/`, () => service.url],
  ])('changes and reads nothing: %s', async (_where, pageUrl, base) => {
    const page = await openPage(pageUrl())
    expect(await page.title()).toBe('evil')
    expect(await tryEverything(page, base())).toEqual([])
    expect(await sendForm(page, base())).toBe(403)
    expect(await names()).toEqual([file.file_name])
    await page.close()
  })

  it('whose name leads to the service changes and reads nothing', async () => {
    const page = await browser.newPage()
    const answer = await page.goto(`http://evil.example:${service.port}/`)
    expect(answer?.status()).toBe(403)
    const read = await tryEverything(page, '')
    expect(read).toEqual(
      expect.arrayContaining([`GET ${filesPath}: 403`, `DELETE ${filesPath}/${file.id}: 403`]),
    )
    expect(String(read)).not.toMatch(/: (?!403)/)
    expect(await names()).toEqual([file.file_name])
    await page.close()
  })

  it.each(['/', '/docs'])('shows %s in no frame', async (path) => {
    const page = await openPage(`http://localhost:${strangerPort}/`)
    const refusals: string[] = []
    page.on('console', (message) => refusals.push(message.text()))
    await inPage(page, `showFrame(${JSON.stringify(`${service.url}${path}`)})`)
    expect(refusals.join()).toMatch(/frame-ancestors/)
    await page.close()
  })
})

describe('the page of the service', () => {
  it.each(['127.0.0.1', 'localhost'])('uploads and deletes on %s', async (host) => {
    const page = await openPage(`http://${host}:${service.port}/`)
    await page.setInputFiles('input[type=file]', {
      name: 'mine.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from(`of ${host}`),
    })
    const row = page.locator('tr', { hasText: 'mine.txt' })
    await row.waitFor()
    expect(await names()).toContain('mine.txt')
    page.on('dialog', (dialog) => void dialog.accept())
    await row.locator('button').click()
    await row.waitFor({ state: 'detached' })
    expect(await names()).toEqual([file.file_name])
    await page.close()
  })
})
