import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The names of all failpoints that a service on this storage passes, or those of a command in the files it has alone. */
export function findFailpoints(of: 'volume' | 's3' | 'command'): string[] {
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  const ofStorage = /^storage\/(s3|volume)\//
  const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && /(^|\/)move[A-Z]/.test(path) === (of === 'command'))
    .filter((path) => of === 'command' || !ofStorage.test(path) || ofStorage.exec(path)?.[1] === of)
    .map((path) => readFileSync(join(source, path), 'utf8'))
  const calls = texts.flatMap((text) => [...text.matchAll(/failpoint\('([A-Z]+\d*)'\)/g)])
  return [...new Set(calls.map(([, name = '']) => name))].sort()
}

/** This many kills: one at every failpoint, at one of its `passes`; then one at any time; then more, one in ten at any time. */
export function planKills(
  names: readonly string[],
  count: number,
  passes: Readonly<Record<string, readonly [first: number, last: number]>> = {},
): string[] {
  const shuffled = [...names].sort(() => randomInt(3) - 1)
  return Array.from({ length: count }, (_, index) => {
    if (index === names.length || (index > names.length && randomInt(10) === 0)) return ''
    const name = shuffled[index % shuffled.length] ?? ''
    const [first, last] = passes[name] ?? [1, usualPasses[name] ?? 12]
    return `${name}=kill@${randomInt(first, last + 1)}`
  })
}

/** Failpoints that are passed less often than once per request, or more. */
const usualPasses: Readonly<Record<string, number>> = { U1: 2, R1: 2, G1: 3, S1: 1, S2: 1, O1: 4, READ: 20 }
