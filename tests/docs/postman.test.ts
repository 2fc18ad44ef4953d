import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { sampleBytes, toCollection } from '../../docs/postman.ts'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { describeService } from '../support/describeService.ts'
import { contract, examples } from '../support/examples.ts'
import { fencesOf, readGuide, repository } from '../support/guides.ts'

/** A request of the collection, as newman sent it. */
interface Execution {
  readonly item: { readonly name: string; readonly request: { readonly auth?: { readonly type: string } } }
  readonly request: { readonly header: readonly { readonly key: string; readonly value: string }[] }
  readonly response?: { readonly code: number }
}

/** The part of newman's report that says which tests of the collection ran, and which failed. */
interface Run {
  readonly stats: { readonly assertions: { readonly total: number } }
  readonly failures: readonly { readonly error: { readonly message: string } }[]
  readonly executions: readonly Execution[]
}

const key = newCredential('key').text
const asksForKey = ({ item }: Execution) => item.request.auth?.type !== 'noauth'
const sentKey = ({ request }: Execution) => request.header.some(({ value }) => value.includes(key))

describe('docs/postman.json', () => {
  it('is what npm run postman makes of the contract', () => {
    const written: unknown = JSON.parse(readGuide('docs/postman.json'))
    expect(written).toEqual(JSON.parse(JSON.stringify(toCollection(contract))))
    expect(readFileSync(join(repository, 'docs/hello.txt'), 'utf8')).toBe(sampleBytes(contract))
  })

  it('has the variables that a person sets, and no key in them', () => {
    const { variable, auth } = toCollection(contract)
    expect(variable.slice(0, 2)).toMatchObject([
      { key: 'baseUrl', value: 'http://localhost:8000' },
      { key: 'key', value: '' },
    ])
    expect(auth).toMatchObject({ type: 'apikey' })
  })
})

describeService(
  'the collection, on a service that is open until its first key',
  { AUTH: 'auto' },
  (service) => {
    it('runs from top to bottom, twice in a row, and every example but a first key gets the status that is written', async () => {
      for (const time of ['first', 'second']) {
        const { stats, failures } = await runCollection(service.url, '')
        expect([time, failures.map(({ error }) => error.message)]).toEqual([time, []])
        const withoutKey = examples.filter(({ operation }) => operation.operationId !== 'createKey')
        expect(stats.assertions.total).toBe(withoutKey.length)
      }
    })
  },
)

describeService('the collection, on a closed service', { AUTH: 'on', ADMIN_KEYS: key }, (service) => {
  it('runs with the key, twice in a row, and sends it only where it is asked for', async () => {
    for (const time of ['first', 'second']) {
      const { failures, executions, stats } = await runCollection(service.url, key)
      expect([time, failures.map(({ error }) => error.message)]).toEqual([time, []])
      expect(stats.assertions.total).toBe(examples.length)
      expect(
        executions.filter((one) => sentKey(one) !== asksForKey(one)).map(({ item }) => item.name),
      ).toEqual([])
    }
  })

  it('is refused without the key wherever one is asked for', async () => {
    const run = await runCollection(service.url, '')
    // A request that a script skips has no response.
    const executions = run.executions.filter(({ response }) => response !== undefined)
    const asking = executions.filter(asksForKey)
    expect(asking.filter(({ response }) => response?.code !== 401).map(({ item }) => item.name)).toEqual([])
    expect(asking.length).toBeGreaterThan(25)
    const others = executions.filter((one) => !asksForKey(one)).map(({ response }) => response?.code)
    expect(others).toContain(200)
  })
})

/** The line of the README that runs the collection in newman, the runner of Postman. */
const [line = ''] = fencesOf('README.md').flatMap(({ text }) => /^npx newman .*$/m.exec(text) ?? [])

/** Runs the collection as a person would from this checkout, with the words of the README. */
async function runCollection(url: string, key: string): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'upfile-newman-'))
  const report = join(directory, 'report.json')
  const [, , ...words] = line.replace('http://localhost:8000', url).replace('$key', key).split(' ')
  const newman = join(repository, 'node_modules/newman/bin/newman.js')
  try {
    await new Promise((done) => {
      // Failed tests of the collection are an exit code, too: the report says which they are.
      execFile(
        process.execPath,
        [newman, ...words, '--reporters', 'json', '--reporter-json-export', report],
        { cwd: repository },
        done,
      )
    })
    const { run }: { run: Run } = JSON.parse(await readFile(report, 'utf8'))
    return run
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
