import type { Tally } from './killing.ts'
import type { Ledger } from './ledger.ts'

/** One installation that was killed: its ledger and the tally of its kills. */
export interface Lane {
  readonly ledger: Ledger
  readonly tally: Tally
}

/** The results of the kills, as tables for bench/KILLS.md. */
export function reportKills(
  title: string,
  names: readonly string[],
  lanes: readonly Lane[],
  more: Readonly<Record<string, number>> = {},
): void {
  const total = (count: (lane: Lane) => number) => lanes.reduce((sum, lane) => sum + count(lane), 0)
  const ready = lanes.flatMap(({ tally }) => tally.millisecondsToReady).sort((a, b) => a - b)
  const line = {
    title,
    rounds: ready.length,
    'by failpoint': Object.fromEntries(
      [...names, 'any time'].map((name) => [name, total(({ tally }) => tally.kills.get(name) ?? 0)]),
    ),
    'acknowledged uploads': total(({ ledger }) => ledger.counts.acknowledged),
    'acknowledged deletions': total(({ ledger }) => ledger.counts.deleted),
    'acknowledged updates': total(({ ledger }) => ledger.counts.updated),
    replayed: total(({ ledger }) => ledger.counts.replayed),
    unanswered: total(({ ledger }) => ledger.counts.unanswered),
    ...more,
    broken: total(({ ledger }) => ledger.broken.length),
    'ms to ready': { median: Math.round(ready[ready.length >> 1] ?? 0), most: Math.round(ready.at(-1) ?? 0) },
  }
  process.stdout.write(`${JSON.stringify(line, null, 2)}\n`)
}
