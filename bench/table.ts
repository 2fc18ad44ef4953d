import { median, type Sample } from './rounds.ts'

export type Target = { readonly atLeast: number } | { readonly atMost: number }

/** One row of the table. A ratio is upfile's figure divided by the peer's; memory has a limit instead of a peer. */
export type Line = {
  readonly row: string
  readonly figure: string
  readonly upfile: string
  readonly peer: string
  readonly ratio: string
  readonly target: string
  readonly cpu: string
  readonly memory: string
  readonly verdict: string
}

type Comparison = {
  readonly row: string
  readonly figure: string
  readonly unit: string
  readonly samples: readonly Sample[][]
  readonly target?: Target
  /** Operations of one round, to tell the CPU time of each. */
  readonly operations?: number
}

export function compare({ row, figure, unit, samples, target, operations }: Comparison): Line {
  const [upfile = [], peer = []] = samples
  const [ours, theirs] = [upfile, peer].map((side) => median(side.map(({ value }) => value)))
  const ratio = (ours ?? 0) / (theirs ?? 0)
  return {
    row,
    figure,
    upfile: `${amount(ours ?? 0)} ${unit}`,
    peer: `${amount(theirs ?? 0)} ${unit}`,
    ratio: `${ratio.toFixed(2)}${spreadOf(upfile, peer)}`,
    target: target === undefined ? '' : wording(target, ''),
    cpu: cpuOf(samples, operations),
    memory: samples.map(memoryOf).join(' / '),
    verdict: target === undefined ? '' : judge(ratio, target),
  }
}

const medianCpu = (side: readonly Sample[]) => median(side.map(({ cpu }) => cpu))

function cpuOf(samples: readonly Sample[][], operations: number | undefined): string {
  const totals = samples.map(medianCpu)
  const text = totals.map((total) => total.toFixed(2)).join(' / ')
  if (operations === undefined) return text
  return `${text} (${totals.map((total) => ((total / operations) * 1e6).toFixed(0)).join(' / ')} µs each)`
}

type CpuTarget = Omit<Comparison, 'unit' | 'target' | 'operations'> & {
  readonly operations: number
  /** Microseconds of CPU time of one operation. */
  readonly atMost: number
}

/** The CPU time of one operation of upfile, and its limit. */
export function cpuLine({ row, figure, samples, operations, atMost }: CpuTarget): Line {
  const [ours = 0, theirs] = samples.map((side) => (medianCpu(side) / operations) * 1e6)
  return {
    ...{ ...empty, row, figure: `${figure}: CPU of each`, upfile: `${amount(ours)} µs` },
    ...{ peer: theirs === undefined ? '' : `${amount(theirs)} µs` },
    ...{ target: wording({ atMost }, ' µs'), verdict: judge(ours, { atMost }) },
  }
}

type Measure = {
  readonly row: string
  readonly figure: string
  readonly unit: string
  readonly value: number
  readonly target?: Target
}

/** A figure that was measured otherwise than in rounds. */
export const measureLine = ({ row, figure, unit, value, target }: Measure): Line => ({
  ...{ ...empty, row, figure, upfile: `${amount(value)}${unit}` },
  ...(target && { target: wording(target, unit), verdict: judge(value, target) }),
})

/** The least and the greatest ratio of one round. */
function spreadOf(upfile: readonly Sample[], peer: readonly Sample[]): string {
  if (upfile.length < 2) return ''
  const ratios = upfile.map(({ value }, round) => value / (peer[round]?.value ?? 0))
  return ` (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
}

/** The memory above idle, of the worst round: a limit that holds on average does not hold. */
export function memoryLine(row: string, figure: string, samples: readonly Sample[][], limit: number): Line {
  const growth = (side: readonly Sample[]) =>
    Math.max(...side.map(({ idle, peak }) => peak - idle)) / 1024 ** 2
  const [ours = 0, theirs] = samples.map(growth)
  const target = { atMost: limit }
  return {
    row,
    figure,
    upfile: `${amount(ours)} MiB`,
    peer: theirs === undefined ? '' : `${amount(theirs)} MiB`,
    ratio: '',
    target: wording(target, ' MiB'),
    cpu: '',
    memory: samples.map(memoryOf).join(' / '),
    verdict: judge(ours, target),
  }
}

/** A figure without a peer, of the worst round, and its limit. */
export function worstLine(
  row: string,
  figure: string,
  unit: string,
  [side = []]: readonly Sample[][],
  limit: number,
): Line {
  const worst = Math.max(...side.map(({ value }) => value))
  const target = { atMost: limit }
  return {
    ...{ ...empty, row, figure, upfile: `${amount(worst)} ${unit}`, memory: memoryOf(side) },
    ...{ target: wording(target, ` ${unit}`), verdict: judge(worst, target) },
  }
}

/** A figure without a peer or a target. */
export function speedLine(row: string, figure: string, unit: string, [side = []]: readonly Sample[][]): Line {
  const speed = `${amount(median(side.map(({ value }) => value)))} ${unit}`
  const cpu = medianCpu(side).toFixed(2)
  return { ...empty, row, figure, upfile: speed, cpu, memory: memoryOf(side) }
}

/** A figure of upfile alone, with the CPU time of each operation and no target. */
export function costLine({
  row,
  figure,
  unit,
  samples,
  operations,
}: Required<Omit<Comparison, 'target'>>): Line {
  const [side = []] = samples
  return { ...speedLine(row, figure, unit, [side]), cpu: cpuOf([side], operations) }
}

/** A line for a finding: the row throws an error when the finding does not hold. */
export const proofLine = (row: string, figure: string, finding: string): Line => ({
  ...{ ...empty, row, figure, upfile: finding, verdict: 'met' },
})

export function failedLine(row: string, figure: string, error: unknown): Line {
  const reason = error instanceof Error ? error.message : String(error)
  return { ...empty, row, figure, verdict: `failed: ${reason.replaceAll('|', '\\|').split('\n')[0]}` }
}

export const leftOutLine = (row: string, figure: string, reason: string): Line => ({
  ...{ ...empty, row, figure, verdict: `left out: ${reason}` },
})

const empty: Line = {
  ...{ row: '', figure: '', upfile: '', peer: '', ratio: '', target: '', cpu: '', memory: '', verdict: '' },
}

const headings = ['#', 'Figure', 'upfile', 'peer', 'ratio', 'target', 'CPU s', 'RSS MiB, idle → peak', '']

export function toMarkdown(lines: readonly Line[]): string {
  const rows = lines.map((l) => [
    l.row,
    l.figure,
    l.upfile,
    l.peer,
    l.ratio,
    l.target,
    l.cpu,
    l.memory,
    l.verdict,
  ])
  return [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const judge = (value: number, target: Target) => {
  const met = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
  return met ? 'met' : '**missed**'
}

const wording = (target: Target, unit: string) =>
  'atLeast' in target ? `≥ ${target.atLeast}${unit}` : `≤ ${target.atMost}${unit}`

function memoryOf(side: readonly Sample[]): string {
  const [idle, peak] = [side.map((each) => each.idle), side.map((each) => each.peak)].map((all) =>
    (median(all) / 1024 ** 2).toFixed(0),
  )
  return `${idle} → ${peak}`
}

const amount = (value: number) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
