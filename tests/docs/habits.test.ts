import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { load } from 'js-yaml'
import { readGuide, repository } from '../support/guides.ts'
import { createDatabase } from '../support/postgres.ts'

const run = promisify(execFile)
const bin = join(repository, 'node_modules/.bin')

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upfile-habits-'))
})
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))

const bring = async (...paths: readonly string[]) => {
  for (const path of paths) await cp(join(repository, path), join(directory, path), { recursive: true })
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'))
}

describe('.github', () => {
  interface Step {
    readonly uses?: string
    readonly run?: string
  }
  const text = readGuide('.github/workflows/ci.yml')
  const { permissions, jobs } = load(text) as {
    permissions: unknown
    jobs: Record<string, { container?: string; steps: Step[] }>
  }
  const steps = Object.values(jobs).flatMap((job) => job.steps)

  it('calls the gate and builds the image, with no right to write and nothing published', () => {
    expect(permissions).toEqual({ contents: 'read' })
    const commands = steps.flatMap((step) => step.run ?? [])
    expect(commands.slice(0, 2)).toEqual(['.ci/run', 'docker build -t upfile .'])
    expect(text).not.toMatch(/docker (push|login)|npm publish|secrets\./)
  })

  it('pins every action to a commit, and the gate to the Node of the image', () => {
    for (const { uses } of steps.filter((step) => step.uses !== undefined))
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    const [, version] = /^FROM node:([\d.]+)-/m.exec(readGuide('Dockerfile')) ?? []
    expect(jobs.check?.container).toBe(`node:${version}-bookworm`)
  })
})

describe('make add-migration', () => {
  const make = (words: readonly string[]) =>
    run('make', ['add-migration', ...words], { cwd: directory }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )

  it('makes the next migration under the given name', async () => {
    await bring('Makefile', 'migrations')
    const before = await readdir(join(directory, 'migrations'))
    const { code, stdout } = await make(['name=add_labels'])
    const made = `${String(before.length + 1).padStart(4, '0')}_add_labels.ts`
    expect([code, stdout]).toEqual([0, `migrations/${made}\n`])
    expect(await readdir(join(directory, 'migrations'))).toEqual([...before, made])
    expect(await readFile(join(directory, 'migrations', made), 'utf8')).toMatch(/function up.*function down/s)
  })

  it.each([[[]], [['name=Add-Labels']]])('says how when there is nobody to ask: %j', async (words) => {
    await bring('Makefile', 'migrations')
    const { code, stdout } = await make(words)
    expect([code, stdout]).toEqual([2, 'usage: make add-migration name=add_labels\n'])
  })
})

describe('npm run hooks', () => {
  it('switches on a hook that refuses what is badly formatted or typed, and nothing else', async () => {
    await bring('package.json', 'biome.json', 'tsconfig.json', '.husky/pre-commit')
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: directory, GIT_CONFIG_NOSYSTEM: '1' }
    const inside = (program: string, ...words: readonly string[]) =>
      run(program, words, { cwd: directory, env })
    await inside('git', 'init', '-q')
    await inside('git', 'config', 'user.email', 'test@example.com')
    await inside('git', 'config', 'user.name', 'Test')
    await copyFile(join(repository, '.gitignore'), join(directory, '.gitignore'))
    await writeFile(join(directory, '.git/info/exclude'), 'node_modules\n')
    await mkdir(join(directory, 'src'))
    await inside('npm', 'run', 'hooks')

    const commit = async (text: string) => {
      await writeFile(join(directory, 'src/one.ts'), text)
      await inside('git', 'add', 'src/one.ts')
      return await inside('git', 'commit', '-q', '-m', 'A change').then(
        () => 'committed',
        ({ stderr, stdout }: { stderr: string; stdout: string }) => `${stdout}${stderr}`,
      )
    }
    expect(await commit('export const one=1;\n')).toMatch(/format/)
    expect(await commit("export const one: number = 'one'\n")).toMatch(/TS2322/)
    expect(await commit('export const one = 1\n')).toBe('committed')
  })
})

describe('npm run dev', () => {
  it('serves, and starts again at a change of the source', async () => {
    await bring('package.json', 'src', 'api', 'migrations')
    const database = await createDatabase()
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: directory,
      ENVIRONMENT: 'testing',
      PORT: '0',
      DATA_DIR: join(directory, 'data'),
      DATABASE_URL: database.url,
      NODE_COMPILE_CACHE: join(tmpdir(), 'upfile-test-compile-cache'),
    }
    const child = spawn('npm', ['run', '-s', 'dev'], { cwd: directory, env, detached: true })
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      await listening(lines)
      const now = new Date()
      await utimes(join(directory, 'src/errors.ts'), now, now)
      await listening(lines)
    } finally {
      await end(child)
      await database.drop()
    }
  })
})

/** Reads on until the service says that it listens. Throws when the output ends before. */
async function listening(lines: AsyncIterator<string>): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error('The service ended before it listened.')
    if (value.includes('Listening on http')) return
  }
}

/** Ends the process and its child processes. */
async function end(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  process.kill(-pid, 'SIGTERM')
  await ended
}
