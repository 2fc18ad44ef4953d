import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'
import { sampleBytes, toCollection } from '../../docs/postman.ts'
import { describeService } from '../support/describeService.ts'
import { contract, examples } from '../support/examples.ts'

const repository = resolve(import.meta.dirname, '../..')
const docs = join(repository, 'docs')

/** The part of newman's report that says which tests of the collection ran, and which failed. */
interface Report {
  readonly run: {
    readonly stats: { readonly assertions: { readonly total: number } }
    readonly failures: readonly { readonly error: { readonly message: string } }[]
  }
}

describeService('docs/postman.json', {}, (service) => {
  it('is what npm run postman makes of the contract', () => {
    const written: unknown = JSON.parse(readFileSync(join(docs, 'postman.json'), 'utf8'))
    expect(written).toEqual(JSON.parse(JSON.stringify(toCollection(contract))))
    expect(readFileSync(join(docs, 'hello.txt'), 'utf8')).toBe(sampleBytes(contract))
  })

  it('runs from top to bottom, twice in a row, and every example gets the status that is written', async () => {
    for (const time of ['first', 'second']) {
      const { stats, failures } = await runCollection(service.url)
      expect([time, failures.map(({ error }) => error.message)]).toEqual([time, []])
      expect(stats.assertions.total).toBe(examples.length)
    }
  })
})

/** Runs the collection in newman, the runner of Postman, as a person would from this checkout. */
async function runCollection(url: string): Promise<Report['run']> {
  const directory = await mkdtemp(join(tmpdir(), 'upfile-newman-'))
  const report = join(directory, 'report.json')
  const words = ['run', 'docs/postman.json', '--working-dir', 'docs', '--env-var', `baseUrl=${url}`]
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
    const { run }: Report = JSON.parse(await readFile(report, 'utf8'))
    return run
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
