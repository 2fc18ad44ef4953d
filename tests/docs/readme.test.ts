import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { fencesOf, readGuide, repository } from '../support/guides.ts'
import { masked } from '../support/masked.ts'
import { type StartedService, startService } from '../support/service.ts'

const run = promisify(execFile)
/** For a machine without curl or openssl; behind the real ones on the PATH. */
const standIns = join(repository, 'tests/support/commands')

interface Step {
  readonly commands: string
  /** The output that the README shows below the commands; empty when they print nothing. */
  readonly shown: { readonly language: string; readonly text: string } | undefined
}

/** What is typed in one shell, in a clone. */
const typed = ['A tour', 'Access']
const tour = fencesOf('README.md').filter(
  ({ section, language }) => typed.includes(section) && language !== 'console',
)
const steps = tour.flatMap((fence, index): Step[] => {
  const next = tour[index + 1]
  if (fence.language !== 'sh') return []
  return [{ commands: fence.text, shown: next?.language === 'sh' ? undefined : next }]
})

/** A key counts within a second. Who types does not notice. */
const settle = (commands: string) => (commands.includes('keys create') ? 'sleep 1\n' : '')

describe('the tour of the README', () => {
  let service: StartedService
  let directory: string
  let printed: string[]

  beforeAll(async () => {
    service = await startService({ AUTH: 'auto' })
    directory = await mkdtemp(join(tmpdir(), 'upfile-tour-'))
    for (const name of ['api', 'migrations', 'node_modules', 'package.json', 'src'])
      await symlink(join(repository, name), join(directory, name))
    // One shell for all of them, as when typed by hand.
    const script = steps.map(({ commands }) => `${commands}${settle(commands)}printf '\\0'\n`).join('')
    const PATH = `${join(repository, 'node_modules/.bin')}:${process.env.PATH}:${standIns}`
    const { stdout } = await run(
      'bash',
      ['-euo', 'pipefail', '-c', script.replaceAll('localhost:8000', `127.0.0.1:${service.port}`)],
      { cwd: directory, timeout: 60_000, env: { ...process.env, ...service.settings, PATH } },
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
      'x-api-key',
      '-u ',
    ])
      expect(commands).toContain(word)
  })
})

describe('the README', () => {
  it('begins with one command, and names the other one', () => {
    const commands = fencesOf('README.md').filter(
      ({ language, section }) => language === 'sh' && !typed.includes(section),
    )
    expect(commands.map(({ text }) => text)).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n'])
  })

  it('is read in a few minutes, and shows the page', () => {
    const readme = readGuide('README.md')
    expect(readme.split('\n').length).toBeLessThan(450)
    expect(readme).toContain('](docs/page.png)')
  })
})

/** Text in which `…` stands for anything. */
const patternOf = (text: string) =>
  new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')}$`)
