import { readFileSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { settingNames } from '../../src/config/names.ts'
import { loadConfig } from '../../src/config.ts'

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(resolve(repository, path), 'utf8')

/** Names of settings are the only words in capitals that these have as texts. */
const source = [
  'config',
  'config/access',
  'config/addresses',
  'config/database',
  'config/rates',
  'config/storage',
  'config/tokens',
]
  .map((name) => read(`src/${name}.ts`))
  .join('')
const names = [
  ...new Set([...source.matchAll(/'([A-Z][A-Z_]*[A-Z0-9_]{2,})'/g)].map(([, name]) => String(name))),
]

const example = new Map(
  [...read('.env.example').matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [
    String(name),
    String(value),
  ]),
)
const rowsOf = (path: string) =>
  [...read(path).matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]+)`)? *\| \S.*\|$/gm)].map(
    ([, name, value]) => [String(name), value ?? ''] as const,
  )

describe('the settings', () => {
  it('are all in .env.example, and no others', () => {
    expect([...settingNames].toSorted()).toEqual(names.toSorted())
    expect([...example.keys()].toSorted()).toEqual(names.toSorted())
  })

  it('are all in the tables of docs/settings.md, once and with the same defaults', () => {
    const rows = rowsOf('docs/settings.md')
    expect(rows.toSorted()).toEqual([...example].toSorted())
  })

  it('are in the README as far as most installations need them, with the same defaults', () => {
    const rows = rowsOf('README.md')
    expect(rows).toHaveLength(8)
    expect(rows).toEqual(rows.map(([name]) => [name, example.get(name)]))
  })

  it('mean the same when every default of .env.example is set as when nothing is', () => {
    expect(loadConfig(Object.fromEntries(example))).toEqual(loadConfig({}))
    const database = { DB_HOST: 'database.example.com' }
    expect(loadConfig({ ...Object.fromEntries(example), ...database })).toEqual(loadConfig(database))
  })

  it.each(names)('%s is shown without a default only when it has none', (name) => {
    const [, kind = '', fallback = ''] =
      new RegExp(`read\\.(\\w+)\\(\\s*'${name}'(?:, *([^,)]+))?`).exec(source) ?? []
    const has = ['text', 'integer', 'choice', 'flag'].includes(kind) && fallback !== "''"
    expect([name, example.get(name) !== '']).toEqual([name, has])
  })

  it('come commented, so that a copy of .env.example changes nothing', () => {
    expect(read('.env.example').match(/^[^#\n].*$/gm)).toBeNull()
  })

  it('are read from the environment by config.ts alone', async () => {
    const readers: string[] = []
    for await (const path of glob('src/**/*.ts', { cwd: repository })) {
      const text = await readFile(resolve(repository, path), 'utf8')
      if (/process\.env/.test(text.replaceAll(/loadConfig\(process\.env[,)]/g, ''))) readers.push(path)
    }
    expect(readers).toEqual([])
  })
})
