import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Server } from '../servers.ts'
import { compare } from '../table.ts'
import { filesPath, type Row } from './row.ts'

const size = 4096
const connections = 16
const timeLimit = 900

/** Neither side deletes between rounds: clean-up would still be going on in the next one. */
export const smallUploads: Row = {
  id: '3',
  title: 'small uploads',
  async run(site) {
    const { smallFiles, rounds } = site.settings
    const service = await site.startService()
    const multer = await site.startPeer('multer', await site.folder('multer'))

    const upload = async ({ port }: Server, count: number) => {
      const work = { kind: 'upload', path: filesPath, size, keepBodies: false } as const
      const { done, seconds } = await loadCleanly({ port, connections, count, seconds: timeLimit, work })
      if (done !== count) throw new Error(`${done} of ${count} uploads ended in time`)
      return done / seconds
    }

    const servers = [service, multer]
    for (const server of servers) await upload(server, 2000)
    const sides = servers.map((server) => ({ server, work: () => upload(server, smallFiles) }))
    const samples = await interleave(rounds, sides)
    const figure = `${smallFiles} uploads of 4 KiB, ${connections} connections, no error; multer`
    return [
      compare({
        row: smallUploads.id,
        figure,
        unit: '/s',
        samples,
        target: { atLeast: 0.6 },
        operations: smallFiles,
      }),
    ]
  },
}
