import { openAsBlob, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sampleBytes, toCollection } from '../../docs/postman.ts'
import { contract, examples } from '../support/examples.ts'
import { type StartedService, startService } from '../support/service.ts'

const docs = resolve(import.meta.dirname, '../../docs')
const written: Collection = JSON.parse(readFileSync(join(docs, 'postman.json'), 'utf8'))

interface Pair {
  readonly key: string
  readonly value: string
  readonly disabled?: boolean
}
interface Part extends Pair {
  readonly type: 'file' | 'text'
  readonly src?: string
}
interface Item {
  readonly name: string
  readonly event: readonly {
    readonly listen: string
    readonly script: { readonly exec: readonly string[] }
  }[]
  readonly request: {
    readonly method: string
    readonly header: readonly Pair[]
    readonly body?:
      | { readonly mode: 'raw'; readonly raw: string }
      | { readonly mode: 'formdata'; readonly formdata: readonly Part[] }
    readonly url: {
      readonly raw: string
      readonly path: readonly string[]
      readonly query?: readonly Pair[]
      readonly variable?: readonly Pair[]
    }
  }
  readonly response: readonly { readonly code: number }[]
}
interface Collection {
  readonly variable: readonly Pair[]
  readonly item: readonly { readonly name: string; readonly item: readonly Item[] }[]
}

const items = written.item.flatMap((folder) => folder.item)

describe('docs/postman.json', () => {
  let service: StartedService
  const variables = new Map(written.variable.map(({ key, value }) => [key, value]))
  beforeAll(async () => {
    service = await startService()
    variables.set('baseUrl', service.url)
  })
  afterAll(() => service.stop())

  it('is what npm run postman makes of the contract', () => {
    expect(written).toEqual(JSON.parse(JSON.stringify(toCollection(contract))))
    expect(readFileSync(join(docs, 'hello.txt'), 'utf8')).toBe(sampleBytes(contract))
  })

  it('has a request for every example', () => {
    expect(items).toHaveLength(examples.length)
  })

  it.each(items.map((item) => [item.name, item] as const))(
    'run from top to bottom, "%s" is answered as its test expects',
    async (_name, item) => {
      const answer = await sendItem(item, variables)
      const passed = await runTests(item, answer, variables)
      expect(passed).toEqual([`answers ${item.response[0]?.code}`])
    },
  )
})

/** Sends a request as Postman does: variables filled in, disabled fields left out, files read beside the collection. */
async function sendItem({ request }: Item, variables: ReadonlyMap<string, string>) {
  const { url, method, header, body } = request
  const filled = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_match, name) => variables.get(name) ?? '')
  const path = url.path.map((step) => {
    const variable = step.startsWith(':') && url.variable?.find(({ key }) => key === step.slice(1))
    return variable ? encodeURIComponent(filled(variable.value)) : step
  })
  const query = new URLSearchParams(
    sent(url.query).map(({ key, value }): [string, string] => [key, filled(value)]),
  )
  const target = `${variables.get('baseUrl')}/${path.join('/')}${query.size > 0 ? `?${query}` : ''}`
  const shown = filled(
    url.raw.replace(/:(\w+)(?=[/?]|$)/g, (_match, name) => path[url.path.indexOf(`:${name}`)] ?? ''),
  )
  expect(decodeURIComponent(target)).toBe(shown)
  return await fetch(target, {
    method,
    headers: sent(header).map(({ key, value }): [string, string] => [key, filled(value)]),
    ...(body && { body: body.mode === 'raw' ? body.raw : await toForm(body.formdata) }),
  })
}

async function toForm(parts: readonly Part[]): Promise<FormData> {
  const form = new FormData()
  for (const { key, type, value, src = '' } of sent(parts)) {
    if (type === 'file') form.append(key, await openAsBlob(join(docs, src)), src)
    else form.append(key, value)
  }
  return form
}

const sent = <P extends Pair>(pairs: readonly P[] = []): P[] => pairs.filter(({ disabled }) => !disabled)

/** Runs the item's scripts with as much of Postman as they use. Returns the names of the tests that passed. */
async function runTests(
  { event }: Item,
  answer: Response,
  variables: Map<string, string>,
): Promise<string[]> {
  const text = await answer.text()
  const passed: string[] = []
  const pm = {
    test(name: string, check: () => void) {
      check()
      passed.push(name)
    },
    response: {
      to: { have: { status: (code: number) => expect(answer.status).toBe(code) } },
      json: () => JSON.parse(text),
    },
    collectionVariables: { set: (name: string, value: string) => variables.set(name, value) },
  }
  for (const { script } of event) runInNewContext(script.exec.join('\n'), { pm })
  return passed
}
