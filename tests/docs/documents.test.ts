import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const { version, scripts, dependencies, optionalDependencies } = JSON.parse(read('package.json'))
const decisions = readdirSync(join(repository, 'docs/decisions')).toSorted()
const documents = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...decisions.map((name) => `docs/decisions/${name}`),
]
const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, found]) => String(found))

describe('ARCHITECTURE.md', () => {
  const text = read('ARCHITECTURE.md')

  it('has one screen of words, and a diagram for each way', () => {
    const words = text.replaceAll(/^```\w+\n.*?^```\n/gms, '').replaceAll(/^\|.*\n/gm, '')
    expect(words.split('\n').length).toBeLessThanOrEqual(60)
    expect(all(/^```mermaid\n(\w+)/gm, text)).toEqual(Array(3).fill('sequenceDiagram'))
    // A semicolon would end a message there.
    expect(all(/^```mermaid\n(.*?)^```/gms, text).join('')).not.toContain(';')
  })

  it('gives a reason for each dependency, and for no other', () => {
    const [, table = ''] = text.split(/^## Dependencies$/m)
    const names = all(/^\| ([^|]+) \| \S.*\|$/gm, table).flatMap((cell) =>
      cell.replace(/ \(optional\)/, '').split(', '),
    )
    const reasoned = (name: string) =>
      names.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name))
    const known = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]
    expect(known.filter((name) => !reasoned(name))).toEqual([])
    const prefixes = names.map((name) => name.replace(/\*$/, ''))
    expect(
      prefixes.filter((prefix) => prefix !== 'Package' && !known.some((name) => name.startsWith(prefix))),
    ).toEqual([])
  })

  it('names the steps of maintenance in their order', () => {
    const [, steps = ''] =
      /const steps = \{(.*?)^ {4}\}/ms.exec(read('src/domain/maintenance/cycle.ts')) ?? []
    const names = all(/(\w+):/g, steps)
    expect(names).toContain('swept')
    const [, section = ''] = text.split(/^## Maintenance$/m)
    expect(all(/^\| (\w+) \| .*\|$/gm, section.split(/^## /m)[0] ?? '')).toEqual(['Step', 'mark', ...names])
  })

  it('draws the tree of src as it is', () => {
    const [tree = ''] = all(/^```text\n(.*?)^```/gms, text)
    const parents: string[] = []
    const drawn = tree.split('\n').flatMap((line) => {
      const [, indentation = '', names = ''] = /^( *)((?:\w+\/ *)+)/.exec(line) ?? []
      const depth = indentation.length / 2
      const folders = (names.match(/\w+\//g) ?? []).map((name) => [...parents.slice(0, depth), name].join(''))
      if (folders[0] !== undefined) parents[depth] = String(/\w+\//.exec(names)?.[0])
      return folders
    })
    const folders = readdirSync(join(repository, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${relative(repository, join(entry.parentPath, entry.name))}/`)
    expect(drawn.toSorted()).toEqual(['api/', 'migrations/', 'src/', ...folders].toSorted())
  })
})

describe('CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md')

  it('names commands that there are', () => {
    expect(all(/npm run (?:-s )?([\w:-]+)/g, text).filter((name) => !Object.hasOwn(scripts, name))).toEqual(
      [],
    )
    const targets = all(/^([\w-]+):/gm, read('Makefile'))
    const named = all(/make ([\w-]+)/g, text)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !targets.includes(name))).toEqual([])
  })
})

describe('CHANGELOG.md', () => {
  it('begins with the version of the package', () => {
    expect(all(/^## (\S+)$/gm, read('CHANGELOG.md'))[0]).toBe(version)
  })
})

describe('docs/decisions', () => {
  it.each(decisions.map((name, index) => [name, index + 1] as const))(
    '%s is numbered, titled and short',
    (name, number) => {
      const padded = String(number).padStart(4, '0')
      expect(name).toMatch(new RegExp(`^${padded}(-[a-z0-9]+)+\\.md$`))
      const text = read(`docs/decisions/${name}`)
      expect(text).toMatch(new RegExp(`^# ${padded}: \\S`))
      expect(text.split('\n').length).toBeLessThanOrEqual(26)
    },
  )
})

describe('the documents', () => {
  it.each(documents)('%s points at files that are there', (document) => {
    const text = read(document)
    const paths = all(/`((?:src|tests|docs|api|bench|migrations)\/[\w./-]+)`/g, text)
    const links = all(/\]\(([^):]+)\)/g, text)
    expect([...paths, ...links].filter((path) => !existsSync(join(repository, path)))).toEqual([])
  })

  it.each(documents)('%s names modules that are there', (document) => {
    const modules = all(
      /`((?:domain|http|cli|database|storage|handlers|digests|runtime|config|model)(?:\/\w+)+)`/g,
      read(document),
    )
    expect(
      modules.filter((path) => !['', '.ts'].some((end) => existsSync(join(repository, 'src', path + end)))),
    ).toEqual([])
  })
})
