import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const repository = resolve(import.meta.dirname, '../..')

/** A block of code in a document. */
export interface Fence {
  readonly language: string
  readonly text: string
  /** The heading that it stands below. */
  readonly section: string
}

/** What people read to run and to call the service. */
export const guides = [
  'README.md',
  ...readdirSync(join(repository, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export const readGuide = (path: string) => readFileSync(join(repository, path), 'utf8')

/** The blocks of a document in their order, without the indentation of a list. */
export function fencesOf(path: string): Fence[] {
  const blocksAndHeadings = /^( *)```(\w*)\n(.*?)^ *```$|^#+ ([^\n]+)$/gms
  let section = ''
  return [...readGuide(path).matchAll(blocksAndHeadings)].flatMap(
    ([, indentation = '', language = '', text, heading]) => {
      section = heading ?? section
      if (text === undefined) return []
      return [{ language, text: text.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''), section }]
    },
  )
}

/** The one block in this language below this heading. Throws when there is none, or another one. */
export function fenceOf(path: string, section: string, language: string): string {
  const found = fencesOf(path).filter((fence) => fence.section === section && fence.language === language)
  const [only] = found
  if (only === undefined || found.length > 1)
    throw new Error(`${path} has ${found.length} blocks of ${language} below "${section}"`)
  return only.text
}

/** The settings below a heading, as the environment has them. */
export const settingsOf = (path: string, section: string): Record<string, string> =>
  Object.fromEntries(
    fenceOf(path, section, 'ini')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
