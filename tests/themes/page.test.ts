import { setImmediate as turn } from 'node:timers/promises'
import { createContext, SourceTextModule } from 'node:vm'
import { beforeAll, expect, it } from '@jest/globals'
import { type FileBody, putRaw, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('The page', (service) => {
  const scripts = new Map<string, string>()
  beforeAll(async () => {
    for (const name of ['page.js', 'session.js'])
      scripts.set(name, (await send(service, `/web/${name}`)).bytes.toString())
    for (const name of ['apple.txt', 'pear.txt']) await putRaw(service, name, { query: `?file_name=${name}` })
  })

  /** As much of an element as the script touches. */
  class FakeElement {
    value = ''
    textContent = ''
    hidden = false
    children: unknown[] = []
    readonly listeners = new Map<string, (event: unknown) => void>()
    addEventListener(name: string, listener: (event: unknown) => void) {
      this.listeners.set(name, listener)
    }
    append(...children: unknown[]) {
      this.children.push(...children)
    }
    focus() {}
    replaceChildren(...children: unknown[]) {
      this.children = children
    }
    get text(): string {
      return (
        this.textContent +
        this.children.map((child) => (child instanceof FakeElement ? child.text : '')).join()
      )
    }
  }

  /** The page's script on a page of its own; its fetches are answered when the test says so. */
  async function openPage() {
    const elements = new Map<string, FakeElement>()
    const byId = (id: string) => elements.get(id) ?? elements.set(id, new FakeElement()).get(id)
    const waiting: { path: string; answer(): Promise<void> }[] = []
    const document = { getElementById: byId, createElement: () => new FakeElement() }
    const fetching = (path: string) =>
      new Promise((resolve) => {
        const answer = async () => {
          const body = await (await fetch(`${service.url}${path}`)).json()
          resolve({ ok: true, status: 200, headers: new Headers(), json: async () => body as FileBody[] })
          await turn()
        }
        waiting.push({ path, answer })
      })
    const context = createContext({ document, fetch: fetching, URLSearchParams })
    const load = (name: string) => new SourceTextModule(scripts.get(name) ?? '', { context })
    const page = load('page.js')
    await page.link((name) => load(name.replace('./', '')))
    await page.evaluate()
    await waiting.shift()?.answer() // who the caller is
    return { byId, waiting }
  }

  it('shows what was searched for last, whichever answer comes last', async () => {
    const { byId, waiting } = await openPage()
    const name = byId('name')
    for (const value of ['apple', 'pear']) {
      Object.assign(name ?? {}, { value })
      name?.listeners.get('input')?.({})
    }
    expect(waiting.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('name'))).toEqual([
      null,
      'apple',
      'pear',
    ])
    for (const { answer } of waiting.toReversed()) await answer()
    expect(byId('rows')?.text).toMatch(/pear\.txt/)
    expect(byId('rows')?.text).not.toMatch(/apple\.txt/)
  })
})
