import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import { compare } from '../table.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const timeLimit = 900

/** upfile on both sides. */
export const forms: Row = {
  id: '13',
  title: 'small uploads as forms and as raw bodies',
  async run(site) {
    const { smallFiles, rounds } = site.settings
    const service = await site.startService()
    const send = async (kind: 'upload' | 'put', count: number) => {
      const work = { kind, path: filesPath, size: 4096, keepBodies: false } as const
      const job = { port: service.port, connections, count, seconds: timeLimit, work }
      const { done, seconds } = await loadCleanly(job)
      if (done !== count) throw new Error(`${done} of ${count} uploads ended in time`)
      return done / seconds
    }
    const kinds = ['upload', 'put'] as const
    for (const kind of kinds) await send(kind, 2000)
    const count = smallFiles / 2
    const samples = await interleave(
      rounds,
      kinds.map((kind) => ({ server: { ...service, name: kind }, work: () => send(kind, count) })),
    )
    const figure = `${count} uploads of 4 KiB as forms; as raw bodies`
    return [
      compare({ row: forms.id, figure, unit: '/s', samples, target: { atLeast: 0.9 }, operations: count }),
    ]
  },
}
