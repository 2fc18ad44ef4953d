import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The names of all failpoints in the source that a service passes, or those of a command in the files it has alone. */
export function findFailpoints({ command = false } = {}): string[] {
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && /(^|\/)move[A-Z]/.test(path) === command)
    .map((path) => readFileSync(join(source, path), 'utf8'))
  const calls = texts.flatMap((text) => [...text.matchAll(/failpoint\('([A-Z]+\d*)'\)/g)])
  return [...new Set(calls.map(([, name = '']) => name))].sort()
}

/** So many kills: at every failpoint in turn, and one in ten at any time. */
export function planKills(names: readonly string[], count: number): string[] {
  const shuffled = [...names].sort(() => randomInt(3) - 1)
  return Array.from({ length: count }, (_, index) => {
    if (index >= names.length && randomInt(10) === 0) return ''
    const name = shuffled[index % shuffled.length] ?? ''
    return `${name}=kill@${randomInt(1, 1 + (usualPasses[name] ?? 12))}`
  })
}

/** Failpoints that are passed less often than once per request, or more. */
const usualPasses: Readonly<Record<string, number>> = { U1: 2, R1: 2, G1: 3, S1: 1, S2: 1, O1: 4, READ: 20 }
