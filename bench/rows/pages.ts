import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import { cpuLine, speedLine } from '../table.ts'
import { fillFiles } from './fill.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const files = 50_000
const timeLimit = 600

export const pages: Row = {
  id: '15',
  title: 'pages of a list, many at once',
  async run(site) {
    const { requests, rounds } = site.settings
    const count = requests / 10
    const service = await site.startService()
    await fillFiles(await service.database(), files)
    const get = async (wanted: number) => {
      const work = { kind: 'get', paths: [`${filesPath}?limit=100&sort=-created_at`] } as const
      const job = { port: service.port, connections, count: wanted, seconds: timeLimit, work }
      const { done, seconds } = await loadCleanly(job)
      return done / seconds
    }
    await get(300)
    const samples = await interleave(rounds, [{ server: service, work: () => get(count) }])
    const figure = `page of 100 among ${files} files, ${connections} connections`
    return [
      speedLine('15', figure, '/s', samples),
      cpuLine({ row: pages.id, figure, samples, operations: count, atMost: 1200 }),
    ]
  },
}
