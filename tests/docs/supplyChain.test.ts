import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { load } from 'js-yaml'

const repository = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const { allowScripts, dependencies } = JSON.parse(read('package.json'))
const locked: [string, Locked][] = Object.entries(JSON.parse(read('package-lock.json')).packages)

interface Locked {
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
}

describe('the packages', () => {
  it('run no script when they are installed: each that has one is on the list, with a no', () => {
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript)
    const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, false])))
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
    expect(read('.npmrc')).toMatch(/^loglevel=error$/m) // npm ci prints no warning that a newcomer could not act on
  })

  it('are locked by their digests, and not to a registry', () => {
    for (const [path, { integrity, resolved }] of locked.filter(([path]) => path !== ''))
      expect([path, integrity, resolved]).toEqual([path, expect.stringMatching(/^sha512-/), undefined])
  })

  it('are all imported by the service', async () => {
    const sources: string[] = []
    for await (const path of glob('src/**/*.ts', { cwd: repository })) sources.push(read(path))
    const text = sources.join('')
    expect(Object.keys(dependencies).filter((name) => !new RegExp(`['(]${name}['/)]`).test(text))).toEqual([])
  })
})

describe('the images', () => {
  it('are pinned, or the guide says how to pin them', () => {
    const { services } = load(read('docker-compose.yml')) as { services: Record<string, { image: string }> }
    const composed = Object.values(services).map(({ image }) => image)
    const based = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => String(image))
    const workflow = load(read('.github/workflows/ci.yml')) as {
      jobs: Record<string, { container?: string }>
    }
    const checked = Object.values(workflow.jobs).flatMap(({ container }) => container ?? [])
    const images = new Set([...composed, ...based, ...checked].filter((image) => image !== 'upfile'))
    expect(images.size).toBe(4)
    const guide = read('docs/deployment.md')
    const floating = [...images].filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))
    expect(floating.filter((image) => !guide.includes(`imagetools inspect ${image}\n`))).toEqual([])
  })
})
