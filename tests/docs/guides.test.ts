import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { load } from 'js-yaml'
import { fencesOf, guides, readGuide, repository } from '../support/guides.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, found]) => String(found))
const documents = [
  ...guides,
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'deploy/terraform/README.md',
]

/** The anchors of the headings of a document, as GitHub makes them. */
const anchorsOf = (path: string) =>
  all(/^#+ (.+)$/gm, read(path)).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

/** Whether a link of a document leads to a file and a heading that are there. */
function leadsSomewhere(document: string, link: string): boolean {
  const [target = '', anchor] = link.split('#')
  const path = target === '' ? document : join(dirname(document), target)
  if (!existsSync(join(repository, path))) return false
  return anchor === undefined || anchorsOf(path).includes(anchor)
}

describe.each(documents)('%s', (document) => {
  const text = read(document)

  it('links to files and headings that are there', () => {
    const links = all(/\]\(([^)\s]+)\)/g, text).filter((link) => !/^(https?|mailto):/.test(link))
    expect(links.filter((link) => !leadsSomewhere(document, link))).toEqual([])
  })

  it('names npm scripts and make targets that are there', () => {
    const { scripts } = JSON.parse(read('package.json'))
    expect(all(/npm run (?:-s )?([\w:-]+)/g, text).filter((name) => !Object.hasOwn(scripts, name))).toEqual(
      [],
    )
    const targets = all(/^([\w-]+):/gm, read('Makefile'))
    expect(all(/`make ([\w-]+)/g, text).filter((name) => !targets.includes(name))).toEqual([])
  })
})

describe.each(guides)('%s', (guide) => {
  const known = all(/^#([A-Z0-9_]+)=/gm, read('.env.example'))

  it('sets and names settings that there are', () => {
    const set = fencesOf(guide)
      .filter(({ language }) => language === 'ini')
      .flatMap(({ text }) => all(/^([^=\n]*)=/gm, text))
    const named = all(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g, readGuide(guide))
    expect([...set, ...named].filter((name) => !known.includes(name))).toEqual([])
  })

  it('has nothing to type that no test runs or reads', () => {
    const typed = fencesOf(guide).filter(({ language }) => !['ini', 'json', 'text', ''].includes(language))
    expect(typed.filter(({ language, section }) => !isTested(guide, language, section))).toEqual([])
  })
})

/** Whether a test runs commands of this kind. Commands that need a machine of their own are `console`, and read below. */
function isTested(guide: string, language: string, section: string): boolean {
  if (language === 'console') return true
  const runs: Readonly<Record<string, readonly string[]>> = {
    'README.md': ['sh'],
    'docs/backup.md': ['sh'],
    'docs/clients.md': ['js', 'python'],
    'docs/deployment.md': ['nginx', 'caddyfile', 'systemd'],
  }
  if (guide === 'README.md') return ['upfile', 'A tour', 'Access', 'Work on it'].includes(section)
  return runs[guide]?.includes(language) ?? false
}

describe('the commands that no test can run', () => {
  const commands = guides.flatMap((guide) =>
    fencesOf(guide)
      .filter(({ language }) => language === 'console')
      .flatMap(({ text }) => text.replaceAll('\\\n', ' ').trim().split('\n')),
  )
  const { services } = load(read('docker-compose.yml')) as {
    services: Record<string, { image: string; profiles?: string[] }>
  }

  it('are those of Docker, AWS, Go, git, newman and an administrator', () => {
    const programs = /^(docker|aws|go|sudo|git|npm ci$|npx newman|cd \/opt|mkdir -p|ROOT_ACCESS_KEY_ID=)/
    expect(commands.filter((command) => !programs.test(command))).toEqual([])
  })

  it('name profiles and services of the compose file', () => {
    const composed = commands.filter((command) => command.startsWith('docker compose'))
    expect(composed.length).toBeGreaterThan(2)
    for (const command of composed) {
      const [, profile, service] =
        /^docker compose (?:--profile (\S+) )?up(?: --wait)? ?(\S*)$/.exec(command) ?? []
      const [, inside] =
        /^docker compose (?:exec|run --rm --no-deps) (\S+) node src\/main\.ts /.exec(command) ?? []
      if (profile !== undefined) expect(services[String(service)]?.profiles).toContain(profile)
      else if (inside !== undefined) expect(services[inside]?.image).toBe('upfile')
      else
        expect([command, service]).toEqual([expect.stringMatching(/ (up|build)( --wait)?$/), service && ''])
    }
  })

  it('run images that there are, with volumes for all that they write', () => {
    const runs = commands.filter((command) => command.startsWith('docker run'))
    const upfile = runs.filter((command) => command.endsWith(' upfile'))
    expect(upfile.length).toBeGreaterThan(0)
    for (const command of upfile) {
      const targets = all(/ -v \S+:(\S+)/g, command)
      expect(read('Dockerfile')).toContain(`-m 0700 ${targets.join(' ')}`)
      expect(all(/ -e (\w+)=/g, command)).toEqual(['LOG_DIR'])
    }
    for (const command of runs.filter((command) => !upfile.includes(command)))
      expect(command).toContain(String(services.seaweedfs?.image))
  })
})

describe('docs/page.png', () => {
  it('is small enough for a slow connection', () => {
    expect(statSync(join(repository, 'docs/page.png')).size).toBeLessThan(150_000)
  })
})
