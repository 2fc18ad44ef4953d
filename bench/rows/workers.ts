import { availableParallelism } from 'node:os'
import { loadCleanly } from '../client/client.ts'
import type { Outcome } from '../client/job.ts'
import { interleave, median, type Sample, type Side } from '../rounds.ts'
import type { Service } from '../site.ts'
import { compare, type Line, measureLine } from '../table.ts'
import { uploadFiles } from './metadata.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const timeLimit = 600
/** Two workers, PostgreSQL, the client and the rest of the machine. */
const coresForAll = 5

export const workers: Row = {
  id: '19',
  title: 'two processes on one PostgreSQL against one',
  async run(site) {
    const { requests, rounds } = site.settings
    const services = [
      await site.startService('WORKERS=2', { WORKERS: '2' }),
      await site.startService('WORKERS=1'),
    ]
    const sides: (Side & { readonly client: number[] })[] = []
    for (const server of services) {
      const paths = (await uploadFiles(server)).map((hash) => `${filesPath}/${hash}`)
      const client: number[] = []
      await get(server, paths, 6000)
      const work = async () => {
        const { done, seconds, cpu } = await get(server, paths, requests)
        client.push(cpu)
        return done / seconds
      }
      sides.push({ server, work, client })
    }
    const samples = await interleave(rounds, sides)
    const cores = availableParallelism()
    const figure = `getFile by hash, ${connections} connections: WORKERS=2; WORKERS=1`
    const target = cores < coresForAll ? {} : { target: { atLeast: 1.6 } }
    const uses = samples.map((side, index) => use(side, sides[index]?.client ?? [], requests))
    return [
      compare({ row: workers.id, figure, unit: '/s', samples, operations: requests, ...target }),
      ...uses.flatMap(({ service, client }, index) => [
        share(`${sides[index]?.server.name}: cores that the service and PostgreSQL kept busy`, service),
        share(`${sides[index]?.server.name}: cores that the client kept busy`, client),
      ]),
      share(
        `most that ${cores} cores could show, if nothing but this row used them: ratio`,
        mostOf(cores, uses),
      ),
    ]
  },
}

const get = ({ port }: Service, paths: readonly string[], count: number): Promise<Outcome> =>
  loadCleanly({ port, connections, count, seconds: timeLimit, work: { kind: 'get', paths } })

type Use = { readonly rate: number; readonly service: number; readonly client: number }

/** Requests a second, and the cores that were busy with them. */
function use(side: readonly Sample[], client: readonly number[], requests: number): Use {
  const rate = median(side.map(({ value }) => value))
  const busy = (cpu: readonly number[]) => (median(cpu) / requests) * rate
  return { rate, service: busy(side.map(({ cpu }) => cpu)), client: busy(client) }
}

/** The ratio when two workers, PostgreSQL and the client fill all cores; each request costs them what it has cost. */
function mostOf(cores: number, [two, one]: readonly Use[]): number {
  if (two === undefined || one === undefined) return Number.NaN
  return (two.rate * cores) / (two.service + two.client) / one.rate
}

const share = (figure: string, value: number): Line =>
  measureLine({ row: workers.id, figure, unit: '', value })
