import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { masked } from '../support/masked.ts'
import { type StartedService, startService } from '../support/service.ts'

const run = promisify(execFile)
const repository = resolve(import.meta.dirname, '../..')
/** For a machine without curl or openssl; behind the real ones on the PATH. */
const standIns = join(repository, 'tests/support/commands')
const readme = readFileSync(join(repository, 'README.md'), 'utf8')

interface Step {
  readonly commands: string
  /** What the README shows below the commands; nothing when they print nothing. */
  readonly shown: { readonly language: string; readonly text: string } | undefined
}

const fences = (text: string) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }))
const tour = fences(readme.split(/^## /m).find((section) => section.startsWith('A tour')) ?? '')
const steps = tour.flatMap((fence, index): Step[] => {
  const next = tour[index + 1]
  if (fence.language !== 'sh') return []
  return [{ commands: fence.text, shown: next?.language === 'sh' ? undefined : next }]
})

describe('the tour of the README', () => {
  let service: StartedService
  let directory: string
  let printed: string[]

  beforeAll(async () => {
    service = await startService()
    directory = await mkdtemp(join(tmpdir(), 'upfile-tour-'))
    // One shell for all of them, as when typed by hand.
    const script = steps.map(({ commands }) => `${commands}printf '\\0'\n`).join('')
    const { stdout } = await run(
      'bash',
      ['-euo', 'pipefail', '-c', script.replaceAll('localhost:8000', `127.0.0.1:${service.port}`)],
      { cwd: directory, timeout: 60_000, env: { ...process.env, PATH: `${process.env.PATH}:${standIns}` } },
    )
    printed = stdout.replaceAll('\r\n', '\n').split('\0')
  })
  afterAll(async () => {
    await service.stop()
    await rm(directory, { recursive: true, force: true })
  })

  it.each(steps.map((step, index) => [step.commands.trim().split('\n').at(-1), step, index] as const))(
    'shows what this prints: %s',
    (_title, { shown }, index) => {
      const output = printed[index] ?? ''
      if (shown?.language === 'json')
        expect(masked(JSON.parse(output))).toEqual(masked(JSON.parse(shown.text)))
      else expect(output.trim()).toMatch(patternOf(shown?.text.trim() ?? ''))
    },
  )

  it('uses every operation on files and buckets, and direct uploads', async () => {
    const { sh = [] } = Object.groupBy(tour, ({ language }) => language)
    const commands = sh.map(({ text }) => text).join('')
    for (const word of [
      '-F upfile=@',
      '-T ',
      '-X PUT',
      '-X DELETE',
      '/content',
      '-r 0-4',
      'Idempotency-Key',
      'Repr-Digest',
      '/file/',
      '/buckets',
      '/public/',
      '/presigned-url',
      '/file-status',
    ])
      expect(commands).toContain(word)
  })
})

describe('the README', () => {
  it('begins with the two commands', () => {
    const [first, second] = fences(readme)
    expect([first?.text, second?.text]).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n'])
  })

  it('links to files and sections that are there', () => {
    const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    )
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => String(target))
    expect(
      links
        .filter((target) => !/^https?:/.test(target) && !anchors.includes(target))
        .filter((target) => !existsSync(join(repository, target))),
    ).toEqual([])
  })

  it('shows settings that there are', () => {
    const known = [...readFileSync(join(repository, '.env.example'), 'utf8').matchAll(/^#([A-Z0-9_]+)=/gm)]
    const names = fences(readme)
      .filter(({ language }) => language === 'ini')
      .flatMap(({ text }) => [...text.matchAll(/^([^=\n]*)=/gm)].map(([, name]) => name))
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !known.some(([, there]) => there === name))).toEqual([])
  })

  it('names npm scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => String(name))
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })
})

/** Text in which `…` stands for anything. */
const patternOf = (text: string) =>
  new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')}$`)
