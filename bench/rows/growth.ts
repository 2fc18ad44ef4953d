import { setTimeout as sleep } from 'node:timers/promises'
import { loadCleanly } from '../client/client.ts'
import type { Job } from '../client/job.ts'
import { query } from '../database.ts'
import { interleave, median } from '../rounds.ts'
import type { Service, Site } from '../site.ts'
import { costLine, type Line, measureLine } from '../table.ts'
import { fillFiles } from './fill.ts'
import { filesPath, type Row } from './row.ts'
import { withoutIndexes } from './withoutIndexes.ts'

const connections = 16
const timeLimit = 600
const hashes = 2000
const maintenanceSeconds = 20
/** Rows, indexes and write-ahead log, rounded up. */
const bytesPerFile = 2048

/** How the costs of an installation grow with its files: one service for each number of files, measured in turn. */
export const growth: Row = {
  id: '18',
  title: 'costs with many files',
  async run(site) {
    const { growth: sizes, rounds, requests, smallFiles } = site.settings
    await site.requireSpace(sizes.reduce((sum, files) => sum + files, 0) * bytesPerFile + 3 * 1024 ** 3)
    const sides: { files: number; service: Service; paths: string[] }[] = []
    for (const files of sizes) sides.push({ files, ...(await start(site, files)) })

    const measures = [
      { name: 'getFile by hash', count: requests / 4, work: getPaths },
      { name: 'page of 100', count: requests / 40, work: getPage },
      { name: 'upload of 4 KiB', count: smallFiles / 10, work: upload },
    ]
    const lines: Line[] = []
    for (const { name, count, work } of measures) {
      const run = async ({ service, paths }: (typeof sides)[number], wanted: number) => {
        const job = { port: service.port, connections, count: wanted, seconds: timeLimit, work: work(paths) }
        const { done, seconds } = await loadCleanly(job)
        return done / seconds
      }
      for (const side of sides) await run(side, count / 5)
      const samples = await interleave(
        rounds,
        sides.map((side) => ({ server: side.service, work: () => run(side, count) })),
      )
      for (const [index, { files }] of sides.entries()) {
        const own = samples.slice(index, index + 1)
        const figure = `${name}, ${files} files, ${connections} connections`
        lines.push(costLine({ row: growth.id, figure, unit: '/s', samples: own, operations: count }))
      }
    }
    for (const { service } of sides) await service.stop()
    return [...lines, ...(await maintenanceLines(site, sizes))]
  },
}

/** Starts a service and makes its files. Resolves with paths of some of them, chosen at random. */
async function start(site: Site, files: number): Promise<{ service: Service; paths: string[] }> {
  const service = await site.startService(`${files}`)
  const address = await service.database()
  await withoutIndexes(address, () => fillFiles(address, files))
  const found = await query(
    address,
    `select encode(sha256, 'hex') as hash from blobs
      where id in (select 1 + (random() * ${files - 1})::bigint from generate_series(1, ${hashes}))`,
  )
  return { service, paths: found.map(({ hash }) => `${filesPath}/${hash}`) }
}

const getPaths = (paths: readonly string[]): Job['work'] => ({ kind: 'get', paths })
const getPage = (): Job['work'] => ({ kind: 'get', paths: [`${filesPath}?limit=100&sort=-created_at`] })
const upload = (): Job['work'] => ({ kind: 'put', path: filesPath, size: 4096, keepBodies: false })

/** The CPU time of a second in which nothing is asked for, and a round of maintenance begins every second. */
async function maintenanceLines(site: Site, sizes: readonly number[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const files of sizes) {
    const server = await site.startService(`${files}`, { MAINTENANCE_INTERVAL_SECONDS: '1' })
    await sleep(5000)
    const work = async () => {
      await sleep(maintenanceSeconds * 1000)
      return 1
    }
    const [side = []] = await interleave(site.settings.rounds, [{ server, work }])
    const value = (median(side.map(({ cpu }) => cpu)) / maintenanceSeconds) * 1000
    const figure = `one round of maintenance, ${files} files, none of which is due: CPU`
    lines.push(measureLine({ row: growth.id, figure, unit: ' ms', value }))
    await server.stop()
  }
  return lines
}
