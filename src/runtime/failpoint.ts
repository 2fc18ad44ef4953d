import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Places where a test may break the service: the steps U0-U14 of the upload, D1-D2 of a change or deletion, READ of a
 * download, the steps of maintenance, and M1-M7 of a move between storages. `docs/storage-protocol.md` lists them.
 * Nothing is armed unless FAILPOINTS says so; an unarmed failpoint costs one comparison.
 */
type Action =
  | { readonly kind: 'kill' }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'pause'; readonly milliseconds: number }

interface Armed {
  readonly action: Action
  /** The pass at which the failpoint acts; 0 means every pass. */
  readonly pass: number
  passed: number
}

let armed = new Map<string, Armed>()
let current: ArmedFailpoints = { spec: '', generation: 0 }

/** The armed failpoints, for a thread that arms the same. A new generation means: arm again, even with the same spec. */
export interface ArmedFailpoints {
  readonly spec: string
  readonly generation: number
}

/** The failpoints that are armed now. */
export const armedFailpoints = (): ArmedFailpoints => current

/**
 * Arms failpoints: `U7=kill`, `U5=EIO`, `U3=pause:500` (milliseconds), comma separated; `@n` acts at the n-th pass only.
 * Replaces what was armed before; the empty string disarms all. Throws an Error for anything else.
 */
export function armFailpoints(spec: string): void {
  const entries = spec.split(',').filter((entry) => entry !== '')
  armed = new Map(entries.map((entry) => parseEntry(entry)))
  current = { spec, generation: current.generation + 1 }
}

function parseEntry(entry: string): [string, Armed] {
  const match = /^([A-Z]+\d*)=(kill|E[A-Z0-9]+|pause:(\d{1,6}))(?:@(\d{1,6}))?$/.exec(entry)
  if (!match) throw new Error(`FAILPOINTS cannot hold "${entry}"`)
  const [, name = '', word = '', milliseconds, pass] = match
  return [name, { action: toAction(word, milliseconds), pass: Number(pass ?? 0), passed: 0 }]
}

function toAction(word: string, milliseconds: string | undefined): Action {
  if (word === 'kill') return { kind: 'kill' }
  if (milliseconds !== undefined) return { kind: 'pause', milliseconds: Number(milliseconds) }
  return { kind: 'error', code: word }
}

/** Passes a failpoint: an armed one throws a system error, pauses, or kills this process. */
export async function failpoint(name: string): Promise<void> {
  if (armed.size === 0) return
  const point = armed.get(name)
  if (!point) return
  point.passed += 1
  if (point.pass !== 0 && point.pass !== point.passed) return
  if (point.action.kind === 'pause') return void (await sleep(point.action.milliseconds))
  if (point.action.kind === 'error') {
    throw Object.assign(new Error(`${point.action.code}: failpoint ${name}`), { code: point.action.code })
  }
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {}) // nothing runs past the kill
}
