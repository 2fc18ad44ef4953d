import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asAdministrator, findPostgres } from '../support/postgres.ts'
import { runUpfile } from '../support/runUpfile.ts'

const names = readdirSync(new URL('../../migrations', import.meta.url))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace(/\.ts$/, ''))
  .toSorted()
const newest = names.at(-1)

const database = `migrate_${process.pid}`
const urlOf = (name: string) => {
  const { host, user } = findPostgres()
  return `postgres://${user}:swordfish@/${name}?host=${encodeURIComponent(host)}`
}
const migrate = (word: string) => runUpfile(['migrate', word], { DATABASE_URL: urlOf(database) })
const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join('')

beforeAll(() => asAdministrator(`create database ${database} template template0`))
afterAll(() => asAdministrator(`drop database if exists ${database} with (force)`))

describe('upfile migrate, on a database with nothing in it', () => {
  it('shows that everything is pending', async () => {
    const { code, stdout } = await migrate('status')
    expect([code, stdout.match(/^pending +\S+$/gm)?.length]).toEqual([0, names.length])
  })

  it('has nothing to take back', async () => {
    expect(await migrate('down')).toEqual({ code: 0, stdout: lines('Nothing to do.'), stderr: '' })
  })

  it('applies everything, in order', async () => {
    expect(await migrate('up')).toEqual({
      code: 0,
      stdout: lines(...names.map((name) => `Applied ${name}.`)),
      stderr: '',
    })
  })

  it('applies nothing twice', async () => {
    expect(await migrate('up')).toEqual({ code: 0, stdout: lines('Nothing to do.'), stderr: '' })
  })

  it('shows when everything was applied', async () => {
    const { stdout } = await migrate('status')
    const shown = stdout.trim().split('\n')
    expect(shown).toEqual(names.map((name) => expect.stringMatching(new RegExp(`^\\d{4}-\\S+Z  ${name}$`))))
  })

  it('takes the newest back, and applies it again', async () => {
    expect((await migrate('down')).stdout).toBe(lines(`Took back ${newest}.`))
    expect((await migrate('status')).stdout).toMatch(new RegExp(`^pending +${newest}$`, 'm'))
    expect((await migrate('up')).stdout).toBe(lines(`Applied ${newest}.`))
  })

  it('takes everything back, down to nothing', async () => {
    for (const name of names.toReversed())
      expect((await migrate('down')).stdout).toBe(lines(`Took back ${name}.`))
    expect((await migrate('up')).code).toBe(0)
  })
})

describe('upfile migrate, with a database that is not there', () => {
  it('names the settings to look at, and no password', async () => {
    const { code, stdout, stderr } = await runUpfile(['migrate', 'up'], { DATABASE_URL: urlOf('nowhere') })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^upfile: .*DATABASE_URL or DB_HOST.*"nowhere" does not exist/)
    expect(stderr).not.toMatch(/swordfish| at .*\.ts/)
  })
})
