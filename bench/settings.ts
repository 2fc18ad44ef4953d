import { parseArgs } from 'node:util'

export type Settings = {
  readonly quick: boolean
  /** Whether the rows that take long and much disk are run as well. */
  readonly large: boolean
  readonly rounds: number
  /** Rows to run; empty means all. */
  readonly only: readonly string[]
  /** The program under test, from the root of the repository. */
  readonly service: string
  readonly largeSize: number
  /** The size of the file that `--large` adds. */
  readonly largestSize: number
  readonly smallFiles: number
  readonly s3SmallFiles: number
  /** Uploads of a mebibyte. */
  readonly mebibytes: number
  readonly requests: number
  readonly manyRows: number
  /** The numbers of files whose costs row 18 compares, the smallest first. */
  readonly growth: readonly number[]
}

export const defaultService = 'src/main.ts'

const MiB = 1024 ** 2

export function parseSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      'most-files': { type: 'string' },
      rounds: { type: 'string' },
      service: { type: 'string', default: defaultService },
    },
  })
  const { quick, large, service } = values
  const rounds = Number(values.rounds ?? (quick ? 3 : 5))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    throw new Error(`--rounds must be a whole number from 1 to 100, not "${values.rounds}"`)
  }
  const growth = quick ? [10_000, 100_000] : [10_000, 1_000_000]
  const most = Number(values['most-files'] ?? growth.at(-1))
  if (!Number.isInteger(most) || most < 10_000 || most > 100_000_000) {
    throw new Error(`--most-files must be a whole number from 10000, not "${values['most-files']}"`)
  }
  return {
    quick,
    large,
    rounds,
    service,
    only: values.only.split(',').filter((id) => id !== ''),
    largeSize: quick ? 256 * MiB : 1024 * MiB,
    largestSize: quick ? 1024 * MiB : 12 * 1024 * MiB,
    smallFiles: quick ? 4_000 : 20_000,
    s3SmallFiles: quick ? 1_000 : 5_000,
    mebibytes: quick ? 400 : 2_000,
    requests: quick ? 5_000 : 20_000,
    manyRows: quick ? 100_000 : 1_000_000,
    growth: [...growth.filter((files) => files < most), most],
  }
}
