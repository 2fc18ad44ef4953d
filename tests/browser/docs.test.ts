import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { openBrowser } from '../support/browser.ts'
import { filesPath, send, upload } from '../support/client.ts'
import { type StartedService, startService } from '../support/service.ts'

interface Contract {
  readonly components: { readonly securitySchemes: Readonly<Record<string, { readonly in?: string }>> }
}

const key = newCredential('key').text
let service: StartedService
let browser: Browser
beforeAll(async () => {
  service = await startService({ ADMIN_KEYS: key })
  await upload(service, 'seen', { name: 'seen.txt', headers: { 'x-api-key': key } })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await service.stop()
})

async function openDocs(): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(`${service.url}/docs#/files/listFiles`)
  return page
}

/** Fills the dialog behind Authorize, as a person does who has a key. */
async function authorize(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.locator('button.authorize.unlocked').first().click()
  for (const [selector, value] of Object.entries(fields)) await page.locator(selector).fill(value)
  const [field = ''] = Object.keys(fields)
  const form = page.locator('.auth-container', { has: page.locator(field) })
  await form.locator('button[type=submit]').click()
  await page.locator('.btn-done').first().click()
}

/** Sends the request of the open operation by "Try it out"; the headers that it had, and the status of the answer. */
async function tryListing(page: Page) {
  const cancel = page.locator('#operations-files-listFiles .try-out__btn.cancel')
  if (!(await cancel.isVisible())) await page.locator('#operations-files-listFiles .try-out__btn').click()
  const sent = page.waitForResponse((response) => new URL(response.url()).pathname === filesPath)
  await page.locator('#operations-files-listFiles button.execute').click()
  const response = await sent
  return { status: response.status(), headers: await response.request().allHeaders() }
}

describe('/docs', () => {
  it.each([
    ['accessKey', { '#api_key_value': key }, { 'x-api-key': key }],
    ['bearer', { '#auth-bearer-value': key }, { authorization: `Bearer ${key}` }],
    [
      'basic',
      { '#auth-basic-username': 'me', '#auth-basic-password': key },
      { authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` },
    ],
  ])('sends the key of Authorize: %s', async (_scheme, fields, headers) => {
    const page = await openDocs()
    expect((await tryListing(page)).status).toBe(401)
    await authorize(page, fields)
    expect(await tryListing(page)).toMatchObject({ status: 200, headers })
    await page.close()
  })

  it('asks for what a person has: no signature, no cookie', async () => {
    const page = await openDocs()
    await page.locator('button.authorize.unlocked').first().click()
    const names = await page.locator('.auth-container h4 code').allTextContents()
    const { securitySchemes } = (await send<Contract>(service, '/openapi.json')).body.components
    const typed = Object.entries(securitySchemes).filter(
      ([, { in: place }]) => !/query|cookie/.test(`${place}`),
    )
    expect(names).toEqual(typed.map(([name]) => name))
    expect(names).toEqual(expect.arrayContaining(['accessKey', 'bearer', 'basic']))
    await page.close()
  })

  it('forgets the key with its tab, and stores it nowhere', async () => {
    const page = await openDocs()
    await authorize(page, { '#api_key_value': key })
    expect((await tryListing(page)).status).toBe(200)
    const stored = await page.evaluate<string>(
      'JSON.stringify([localStorage, sessionStorage, document.cookie])',
    )
    expect(stored).not.toContain(key)
    await page.reload()
    expect((await tryListing(page)).status).toBe(401)
    await page.close()
  })
})
