import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { closed, holding, makeKey, rootKey } from '../support/api/keys.ts'
import { openBrowser } from '../support/browser.ts'
import { createCertificate } from '../support/certificate.ts'
import { type FileBody, filesPath } from '../support/client.ts'
import { type StartedService, startService } from '../support/service.ts'

/** A red picture of 8 by 8. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR42mP8z4APMOGVHbTSAEEsAQ8pJ5cCAAAAAElFTkSuQmCC',
  'base64',
)

let service: StartedService
let browser: Browser
/** Ends TLS in front of the service, as a proxy does. */
let proxy: Server
/** The server of somebody else on this machine. */
let stranger: Server

beforeAll(async () => {
  service = await startService({ ...closed, TRUSTED_PROXIES: '1', ALLOWED_HOSTS: 'files.lan' })
  browser = await openBrowser({ names: ['files.lan'] })
  proxy = createTlsServer(createCertificate('127.0.0.1'), (req, res) => {
    const headers = { ...req.headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': req.headers.host }
    const passed = request(
      { port: service.port, path: req.url, method: req.method, headers, host: '127.0.0.1' },
      (answer) => {
        res.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(res)
      },
    )
    req.pipe(passed)
  })
  stranger = createServer((_req, res) =>
    res.setHeader('Content-Type', 'text/html').end('<title>other</title>'),
  )
  for (const server of [proxy, stranger]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
afterAll(async () => {
  await browser?.close()
  proxy?.close()
  stranger?.close()
  await service.stop()
})

interface Visit {
  readonly context: BrowserContext
  readonly page: Page
  /** What the browser complained about, but for answers with 401, which a login has. */
  readonly complaints: string[]
}

async function visit(url: string): Promise<Visit> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  return { context, page, complaints }
}

async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Access key').fill(key)
  await page.getByRole('button', { name: 'Log in' }).click()
}

const choose = (page: Page, name: string, mimeType: string, buffer: Buffer) =>
  page.setInputFiles('#choose', { name, mimeType, buffer })

const row = (page: Page, name: string) => page.locator('#rows tr', { hasText: name })

/** The width of the first image that is shown, once it is there. */
const shownWidth = `(async () => {
  const image = document.querySelector('#rows img')
  await image.decode()
  return image.naturalWidth
})()`

/** Everything that a script of the page, or one that got into it, could read. */
const readable = (page: Page): Promise<string> =>
  page.evaluate<string>(`JSON.stringify([
    { ...localStorage },
    { ...sessionStorage },
    document.cookie,
    document.documentElement.outerHTML,
    [...document.querySelectorAll('input')].map(({ value }) => value),
    location.href,
    history.state,
  ])`)

const addresses: readonly [string, () => string, cookie: string][] = [
  ['by plain http on this machine', () => service.url, 'upfile'],
  ['by plain http under a name', () => `http://files.lan:${service.port}`, 'upfile'],
  ['by https', () => `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`, '__Host-upfile'],
]

describe.each(addresses)('The page of a closed service, %s,', (_how, url, cookie) => {
  it('asks for a key, and works by the cookie from then on', async () => {
    const { key } = await makeKey(service, { scopes: ['read', 'list', 'write', 'delete'] })
    const { context, page, complaints } = await visit(url())
    const asks = page.getByLabel('Access key')
    await asks.waitFor()
    expect(await page.locator('#choose').isVisible()).toBe(false)

    await logIn(page, `${key.slice(0, -1)}_`)
    await page.getByText('There is no such access key.').waitFor()
    expect(await asks.inputValue()).toBe('')
    expect(await context.cookies()).toEqual([])

    await logIn(page, key)
    await asks.waitFor({ state: 'hidden' })
    expect(await context.cookies()).toMatchObject([
      { name: cookie, httpOnly: true, secure: cookie !== 'upfile', sameSite: 'Strict', path: '/' },
    ])

    await choose(page, `red ${cookie}.png`, 'image/png', Buffer.concat([png, Buffer.from(url())]))
    await row(page, `red ${cookie}.png`).locator('img').waitFor()
    expect(await page.evaluate<number>(shownWidth)).toBe(8)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      row(page, `red ${cookie}.png`).getByRole('link').click(),
    ])
    expect(await download.failure()).toBeNull()

    await page.reload()
    await row(page, `red ${cookie}.png`).waitFor()
    expect(await asks.isVisible()).toBe(false)
    expect(await readable(page)).not.toContain(key.slice(17, 40))

    page.on('dialog', (dialog) => void dialog.accept())
    await row(page, `red ${cookie}.png`).getByRole('button', { name: 'Delete' }).click()
    await row(page, `red ${cookie}.png`).waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Log out' }).click()
    await asks.waitFor()
    expect(await context.cookies()).toEqual([])
    expect(await page.locator('#rows tr').count()).toBe(0)
    await page.reload()
    await asks.waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('The page of a closed service', () => {
  it('asks again when the key was revoked', async () => {
    const { id, key } = await makeKey(service, { scopes: ['read', 'list', 'write'] })
    const { context, page } = await visit(service.url)
    await logIn(page, key)
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    await page.waitForTimeout(1000)
    await page.getByPlaceholder('Part of a name').fill('a')
    await page.getByText('The session has ended').waitFor()
    expect(await page.getByLabel('Access key').isVisible()).toBe(true)
    expect(await context.cookies()).toEqual([])
    await context.close()
  })

  it('shows what its key may do, and no more', async () => {
    const { key } = await makeKey(service, { scopes: ['write'], buckets: ['inbox'] })
    const { context, page } = await visit(service.url)
    await logIn(page, key)
    await page.getByText('This access key may not list files.').waitFor()
    expect(await page.getByPlaceholder('Part of a name').isVisible()).toBe(false)
    await holding(service, rootKey).api.post('/buckets').send({ name: 'inbox' }).expect(201)
    await choose(page, 'letter.txt', 'text/plain', Buffer.from('a letter'))
    await page.getByText('stored', { exact: true }).waitFor()
    const { body } = await holding(service, rootKey).api.get(`${filesPath}?bucket=inbox`)
    expect(body.map(({ file_name }: FileBody) => file_name)).toEqual(['letter.txt'])
    await context.close()
  })

  it('shows one visitor nothing of another', async () => {
    const first = await visit(service.url)
    await logIn(first.page, rootKey)
    await first.page.getByRole('button', { name: 'Log out' }).waitFor()
    const second = await visit(service.url)
    await second.page.getByLabel('Access key').waitFor()
    await first.context.close()
    await second.context.close()
  })

  it('makes no change for a page of another port, to whose requests the browser adds the cookie', async () => {
    const { context, page } = await visit(service.url)
    await logIn(page, rootKey)
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    await page.goto(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`)
    const asked = new Promise<[cookie: string | undefined, status: number]>((resolve) => {
      service.server.once('request', (req: IncomingMessage, res: ServerResponse) =>
        res.once('close', () => resolve([req.headers.cookie, res.statusCode])),
      )
    })
    await page.evaluate(async (target) => {
      const form = new FormData()
      form.append('upfile', new File(['forged'], 'forged.txt'))
      // The browser keeps the answer from the page.
      await fetch(target, { method: 'POST', body: form, credentials: 'include', mode: 'no-cors' }).catch(
        () => {},
      )
    }, `${service.url}${filesPath}`)
    expect(await asked).toEqual([expect.stringMatching(/^upfile=/), 403])
    const { body } = await holding(service, rootKey).api.get(`${filesPath}?name=forged`)
    expect(body).toEqual([])
    await context.close()
  })
})
