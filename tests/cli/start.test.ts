import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { childEnvironment } from '../support/childEnvironment.ts'
import { send } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { createDatabase } from '../support/postgres.ts'

const repository = resolve(import.meta.dirname, '../..')
const environment = {
  ...childEnvironment,
  PATH: process.env.PATH ?? '',
  HOME: tmpdir(),
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upfile-start-'))
})
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))

describe('npm start, on a machine with nothing', () => {
  it('says in one line where everything is, and ends when it is told to', async () => {
    const env = { ...environment, PORT: '0', DATA_DIR: join(directory, 'data') }
    const child = spawn(process.execPath, ['src/main.ts', 'serve'], { cwd: repository, env })
    const { first, ended } = watch(child)
    const line = await first
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line.message)?.[0] ?? ''
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      message: `Listening on ${url}: the API, ${url}/docs its documentation; the data are in ${env.DATA_DIR}`,
      open_to: 'everyone on this machine, until an access key is made',
      database: join(env.DATA_DIR, 'postgres'),
    })
    expect((await send({ url }, '/')).body).toMatchObject({ message: 'The service is running.' })
    expect((await send({ url }, '/docs')).status).toBe(200)
    // A terminal sends Ctrl-C to npm and to the service, and npm passes it on.
    child.kill('SIGINT')
    child.kill('SIGINT')
    const { code, stderr, messages } = await ended
    expect([code, stderr, messages]).toEqual([0, '', [line.message, 'Stopping', 'Stopped']])
  })
})

describe('a start that is told to stop', () => {
  const stopped = (reason: string) => ({
    code: 0,
    stderr: '',
    messages: ['Stopped before the service listened'],
    output: expect.stringContaining(`"reason":"${reason}"`),
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s while initdb runs ends with 0 and one line, and the next start works',
    async (signal) => {
      const env = { ...environment, PORT: '0', DATA_DIR: join(directory, 'data') }
      // A group of its own, as in a terminal: initdb gets the signal, too.
      const options = { cwd: repository, env, detached: true }
      const child = spawn(process.execPath, ['src/main.ts', 'serve'], options)
      const { ended } = watch(child)
      const postgres = join(env.DATA_DIR, 'postgres')
      const isFilling = async () =>
        (await readdir(postgres, { recursive: true })).some(
          (name) => name.startsWith('init-') && /base/.test(name),
        )
      await eventually(async () => expect(await isFilling()).toBe(true))
      process.kill(-(child.pid ?? Number.NaN), signal)
      expect(await ended).toEqual(stopped(signal))
      expect(await readdir(postgres)).toEqual([])

      const next = spawn(process.execPath, ['src/main.ts', 'serve'], { cwd: repository, env })
      const watched = watch(next)
      expect((await watched.first).message).toMatch(/^Listening/)
      next.kill(signal)
      expect((await watched.ended).code).toBe(0)
    },
  )

  it.each<[string, (socket: Socket) => void]>([
    ['refuses every connection', (socket) => socket.destroy()],
    ['never answers', () => {}],
  ])('while S3 %s ends with 0 and one line', async (_case, treat) => {
    const database = await createDatabase()
    const s3 = createServer(treat).listen(0, '127.0.0.1')
    await once(s3, 'listening')
    const address = s3.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const env = {
      ...environment,
      ...{ ENVIRONMENT: 'testing', PORT: '0', DATA_DIR: join(directory, 'data'), DATABASE_URL: database.url },
      ...{ STORAGE: 's3', AWS_S3_BUCKET_NAME: 'files', AWS_S3_ENDPOINT: `http://127.0.0.1:${port}` },
      ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', LOG_LEVEL: 'info' },
    }
    const child = spawn(process.execPath, ['src/main.ts', 'serve'], { cwd: repository, env })
    try {
      const { ended } = watch(child)
      await once(s3, 'connection')
      const began = performance.now()
      child.kill('SIGINT')
      expect(await ended).toEqual({
        ...stopped('SIGINT'),
        messages: expect.arrayContaining(stopped('SIGINT').messages),
      })
      expect(performance.now() - began).toBeLessThan(3000)
    } finally {
      s3.close()
      await database.drop()
    }
  })
})

describe('npm', () => {
  it('starts with the settings of .env, passes SIGTERM on, and says no password', async () => {
    const database = await createDatabase()
    for (const name of ['src', 'node_modules']) await symlink(join(repository, name), join(directory, name))
    await copyFile(join(repository, 'package.json'), join(directory, 'package.json'))
    const url = database.url.replace('@', ':swordfish@')
    await writeFile(
      join(directory, '.env'),
      `ENVIRONMENT=testing\nDATABASE_URL=${url}\nDATA_DIR=there\nPORT=1\nLOG_LEVEL=debug\n`,
    )
    // What is set in the environment wins.
    const env = { ...environment, PORT: '0' }
    try {
      const status = spawn('npm', ['run', '--silent', 'upfile', '--', 'migrate', 'status'], {
        cwd: directory,
        env,
      })
      expect(await text(status.stdout)).toMatch(/^\d{4}-\S+Z {2}0001_files$/m)

      const child = spawn('npm', ['start', '--silent'], { cwd: directory, env })
      const { until, ended } = watch(child)
      const line = await until(/^Listening/)
      expect(line).toMatchObject({ database: 'DATABASE_URL', message: expect.stringMatching(/\/there$/) })
      expect(line.message).not.toMatch(/127\.0\.0\.1:1[:/]/)
      child.kill('SIGTERM')
      const { messages, output } = await ended
      expect(messages.slice(-2)).toEqual(['Stopping', 'Stopped'])
      expect(output).not.toMatch(/swordfish/)
      const address = /http:\S+?(?=:? )/.exec(line.message)?.[0] ?? ''
      await expect(fetch(address)).rejects.toThrow()
    } finally {
      await database.drop()
    }
  })
})

interface Line {
  readonly message: string
}

/** Reads the lines a service writes while it runs. */
function watch(child: ChildProcess) {
  const lines: Line[] = []
  const reader = child.stdout && createInterface(child.stdout)
  const until = (form: RegExp) =>
    new Promise<Line>((found, failed) => {
      reader?.on('line', (json) => {
        const line: Line = JSON.parse(json)
        if (form.test(line.message)) found(line)
      })
      child.once('exit', (code) => failed(new Error(`It ended with ${code}.`)))
    })
  reader?.on('line', (json) => lines.push(JSON.parse(json)))
  const stderr = child.stderr ? text(child.stderr) : ''
  const ended = once(child, 'close').then(async ([code]) => ({
    code,
    stderr: await stderr,
    messages: lines.map(({ message }) => message),
    output: JSON.stringify(lines) + (await stderr),
  }))
  return { first: until(/./), until, ended }
}
