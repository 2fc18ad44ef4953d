import { chmod, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { packageVersion } from '../../src/runtime/packageVersion.ts'
import { asAdministrator, createDatabase, findPostgres } from '../support/postgres.ts'
import { runUpfile } from '../support/runUpfile.ts'

const commands = ['serve', 'migrate', 'keys', 'fsck', 'migrate-storage']

describe('upfile', () => {
  it.each(['--help', '-h', 'help'])('tells with %s what commands there are', async (word) => {
    const { code, stdout, stderr } = await runUpfile([word])
    expect([code, stderr]).toEqual([0, ''])
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}upfile ${command} .*\\S`, 'm'))
  })

  it.each(['--version', '-v', 'version'])('tells its version with %s', async (word) => {
    expect(await runUpfile([word])).toEqual({ code: 0, stdout: `upfile ${packageVersion}\n`, stderr: '' })
  })

  it.each(commands)('explains %s with --help, without doing it', async (command) => {
    const { code, stdout, stderr } = await runUpfile([command, '--help'], { PORT: 'wrong' })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^upfile ${command}`))
  })

  it.each([
    ['a command that is not there', ['sirve'], /there is no command "sirve"\n\nupfile \d/],
    ['a command that every object has', ['constructor'], /there is no command "constructor"/],
    ['an option in place of a command', ['--port'], /there is no command "--port"/],
    ['words after serve', ['serve', '80'], /^upfile serve: "80" /],
    [
      'a setting as an option',
      ['serve', '--port', '1'],
      /^upfile serve: .*"--port": set PORT in the environment/,
    ],
    ['a setting of two words as an option', ['serve', '--data-dir=x'], /"--data-dir": set DATA_DIR /],
    ['migrate without a direction', ['migrate'], /^upfile migrate up\|down\|status: say one of up, /],
    [
      'migrate in another direction',
      ['migrate', 'sideways'],
      /^upfile migrate .*: "sideways" is none of up, /,
    ],
    ['words after a direction', ['migrate', 'down', '2'], /^upfile migrate up\|down\|status: "2" /],
    [
      'an option that fsck does not have',
      ['fsck', '--depp'],
      /^upfile fsck .*"--depp": did you mean "--deep"/,
    ],
    ['an option that every object has', ['fsck', '--constructor'], /^upfile fsck .*"--constructor"\n/],
    ['a letter that is no option', ['fsck', '-d'], /^upfile fsck .*"-d"/],
    ['a value for an option that has none', ['fsck', '--deep=1'], /^upfile fsck .*"--deep" .*"1"/],
    ['words after fsck', ['fsck', 'deep'], /^upfile fsck .*"deep"/],
    [
      'migrate-storage without a direction',
      ['migrate-storage'],
      /^upfile migrate-storage .*: say --to volume/,
    ],
    ['an option without its value', ['migrate-storage', '--to'], /^upfile migrate-storage .*"--to" needs /],
    ['a storage that there is not', ['migrate-storage', '--to', 'disk'], /^upfile migrate-storage .*"disk"/],
    ['words after a storage', ['migrate-storage', '--to', 's3', 'now'], /^upfile migrate-storage .*"now"/],
  ])('refuses %s with 2, and names it and what works', async (_case, words, complaint) => {
    const { code, stdout, stderr } = await runUpfile(words)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(complaint)
  })

  it.each([['serve'], ['migrate', 'status'], ['fsck'], ['migrate-storage', '--to', 'volume']])(
    'names every wrong setting at once and does nothing: %s',
    async (...words) => {
      const { code, stdout, stderr } = await runUpfile(words, {
        PORT: 'x',
        HOST: 'localhost:80',
        LOG_LEVEL: 'loud',
      })
      expect([code, stdout]).toEqual([1, ''])
      for (const name of ['PORT', 'HOST', 'LOG_LEVEL']) expect(stderr).toMatch(new RegExp(`^- ${name} `, 'm'))
      expect(stderr).not.toMatch(/ at .*\.ts/)
    },
  )

  it.each([
    ['DATA_DIR', 'a file', import.meta.filename],
    ['DATA_DIR', 'below a file', join(import.meta.filename, 'data')],
    ['DATA_DIR', 'in /proc, which has no room for it', '/proc/nope'],
    ['DATA_DIR', '/proc itself', '/proc'],
    ['DATA_DIR', 'in /sys, which nobody may change', '/sys/nope'],
    ['LOG_DIR', 'a file', import.meta.filename],
    ['LOG_DIR', 'in /proc', '/proc/nope'],
    ['LOG_DIR', '/proc itself', '/proc'],
  ])('names %s when it is %s', async (name, _case, path) => {
    const { code, stdout, stderr } = await runUpfile(['serve'], { PORT: '0', [name]: path })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^upfile: ${name} ${path} cannot be used: .*\n$`))
  })

  it.each([
    ['DATA_DIR', 'to nothing', 'nowhere', /is a link to nowhere, which is not there: /],
    ['DATA_DIR', 'to itself', 'link', /is a link that leads to itself: /],
    ['LOG_DIR', 'to nothing', 'nowhere', /is a link to nowhere, which is not there: /],
    ['LOG_DIR', 'to itself', 'link', /is a link that leads to itself: /],
  ])('names %s when it is a link %s', async (name, _case, target, complaint) => {
    const parent = await mkdtemp(join(tmpdir(), 'upfile-link-'))
    const path = join(parent, 'link')
    await symlink(target, path)
    const { code, stderr } = await runUpfile(['serve'], { PORT: '0', [name]: path })
    await rm(parent, { recursive: true })
    expect([code, stderr]).toEqual([1, expect.stringMatching(complaint)])
    expect(stderr).toContain(`upfile: ${name} ${path} cannot be used: ${path} `)
  })

  describe('for an ordinary user', () => {
    let locked: string
    beforeEach(async () => {
      locked = await mkdtemp(join(tmpdir(), 'upfile-locked-'))
      await chmod(locked, 0o500)
    })
    afterEach(() => rm(locked, { recursive: true }))
    const serve = (env: Readonly<Record<string, string>>) => runUpfile(['serve'], env, { ordinary: true })

    it.each(['DATA_DIR', 'LOG_DIR'])('names %s when its parent belongs to somebody else', async (name) => {
      const { code, stderr } = await serve({ PORT: '0', [name]: join(locked, 'new') })
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^upfile: .* cannot be used: EACCES.*\n$/)])
      expect(stderr).toContain(`upfile: ${name} ${locked}/new cannot be used`)
    })

    it('names a PORT that only root may use', async () => {
      const { code, stderr } = await serve({ PORT: '80', DATA_DIR: join(locked, 'new') })
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^upfile: PORT 80 is for privileged users: /)])
    })
  })

  it('says when it starts which setting is misspelt', async () => {
    const { stdout } = await runUpfile(['serve'], { PROT: '1', PORT: '0', DATA_DIR: '/proc/nope' })
    expect(stdout).toMatch(/"level":"warn","message":"[^\n]*PROT[^\n]*PORT/)
  })

  it.each([['migrate', 'up'], ['migrate', 'status'], ['fsck']])(
    'names DATA_DIR when it cannot be made: %s',
    async (...words) => {
      const { code, stderr } = await runUpfile(words, { DATA_DIR: '/proc/nope' })
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^upfile: DATA_DIR \/proc\/nope /)])
    },
  )
})

describe('a command on a directory without data', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'upfile-mistyped-'))
  })
  afterEach(() => rm(parent, { recursive: true, force: true }))
  const s3 = { AWS_S3_BUCKET_NAME: 'files', AWS_S3_REGION: 'eu-central-1' }

  it.each([
    ['a missing one', 'fsck', 'data', {}],
    ['an empty one', 'fsck', '.', {}],
    ['a missing one', 'migrate status', 'data', {}],
    ['a missing one', 'migrate down', 'data', {}],
    ['a missing one', 'migrate-storage --to volume', 'data', s3],
    ['a missing one', 'migrate-storage --to s3', 'data', s3],
  ])('names %s and makes nothing: %s', async (_case, words, below, env) => {
    const directory = join(parent, below)
    const { code, stdout, stderr } = await runUpfile(words.split(' '), { ...env, DATA_DIR: directory })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^upfile: DATA_DIR \S+ holds no data, .*"upfile serve".*\n$/)
    expect(stderr).toContain(`DATA_DIR ${directory} `)
    expect(await readdir(parent)).toEqual([])
  })

  it.each([['fsck'], ['migrate-storage --to s3']])(
    'names one without a volume when the database is elsewhere: %s',
    async (words) => {
      const database = await createDatabase()
      const env = { ...s3, DATABASE_URL: database.url, DATA_DIR: join(parent, 'data') }
      try {
        const { code, stderr } = await runUpfile(words.split(' '), env)
        expect([code, await readdir(parent)]).toEqual([1, []])
        expect(stderr).toContain(
          `DATA_DIR ${env.DATA_DIR} holds no data, for there is no ${env.DATA_DIR}/volume: `,
        )
      } finally {
        await database.drop()
      }
    },
  )

  it('names the settings of a database without tables, and makes none', async () => {
    const { host, user } = findPostgres()
    const name = `empty_${process.pid}`
    await asAdministrator(`create database ${name} template template0`)
    const DATABASE_URL = `postgres://${user}@/${name}?host=${encodeURIComponent(host)}`
    try {
      for (const words of ['migrate-storage --to volume', 'migrate-storage --to s3', 'fsck']) {
        const env = { ...s3, DATABASE_URL, DATA_DIR: parent }
        const { code, stderr } = await runUpfile(words.split(' '), env)
        expect([code, stderr]).toEqual([1, expect.stringMatching(/no tables .*DATABASE_URL or DB_HOST\n$/)])
        expect(await readdir(parent)).toEqual([])
      }
    } finally {
      await asAdministrator(`drop database ${name} with (force)`)
    }
  })
})
