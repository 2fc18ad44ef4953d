import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Service } from '../site.ts'
import { compare, type Line } from '../table.ts'
import { commonPart, fillFiles, rarePart } from './fill.ts'
import { filesPath, type Row } from './row.ts'

const fewRows = 1000
const requests = 200
const timeLimit = 20

/** Two installations side by side, so that both sizes are measured in turn like any other pair. */
export const list: Row = {
  id: '6',
  title: 'a page of the list, few files and many',
  async run(site) {
    const { manyRows, rounds } = site.settings
    await site.requireSpace(3 * 1024 ** 3)
    const many = await site.startService('many')
    const few = await site.startService('few')
    await fillFiles(await few.database(), fewRows)
    await fillFiles(await many.database(), manyRows)

    const page = `${filesPath}?limit=100&sort=-created_at`
    const sizes = `${manyRows} rows against ${fewRows}`
    const cases = [
      { figure: `page of 100, ${sizes}`, path: page, atMost: 1.5 },
      {
        figure: `page with name=${commonPart} (1 in 10), ${sizes}`,
        path: `${page}&name=${commonPart}`,
        atMost: 3,
      },
      {
        figure: `page with name=${rarePart} (1 in all), ${sizes}`,
        path: `${page}&name=${rarePart}`,
        atMost: 3,
      },
    ]
    const lines: Line[] = []
    for (const { figure, path, atMost } of cases) {
      await expectSameLength(path, [many, few])
      const sides = [many, few].map((server) => ({ server, work: () => latency(server, path) }))
      const samples = await interleave(rounds, sides)
      lines.push(compare({ row: list.id, figure, unit: 'ms', samples, target: { atMost } }))
    }
    return lines
  },
}

async function latency({ port }: Service, path: string): Promise<number> {
  const work = { kind: 'get', paths: [path] } as const
  const { medianMs } = await loadCleanly({ port, connections: 1, count: requests, seconds: timeLimit, work })
  return medianMs
}

/** A page is as long for many files as for few, else their costs cannot be compared. Warms up, too. */
async function expectSameLength(path: string, services: readonly Service[]): Promise<void> {
  const lengths: number[] = []
  for (const service of services) {
    await latency(service, path)
    const answer = await fetch(`http://127.0.0.1:${service.port}${path}`)
    const files = (await answer.json()) as unknown[]
    lengths.push(files.length)
  }
  const [first] = lengths
  if (first === 0 || lengths.some((length) => length !== first)) {
    throw new Error(`${path} lists ${lengths.join(' and ')} files`)
  }
}
