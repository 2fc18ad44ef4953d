import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Server } from '../servers.ts'
import { compare, cpuLine } from '../table.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const files = 1000
const size = 4096
const timeLimit = 600

export const smallDownloads: Row = {
  id: '14',
  title: 'small downloads',
  async run(site) {
    const { requests, rounds } = site.settings
    const service = await site.startService()
    const folder = await site.folder('static')
    const names = Array.from({ length: files }, (_, index) => `file-${index}.bin`)
    for (const name of names) await writeFile(join(folder, name), randomBytes(size))
    const peer = await site.startPeer('static', folder)

    const get = async ({ port }: Server, paths: readonly string[], count: number) => {
      const work = { kind: 'get', paths } as const
      const { done, received, seconds } = await loadCleanly({
        ...{ port, connections, count, seconds: timeLimit, work },
      })
      if (received !== count * size) throw new Error(`${received} bytes came of ${count * size}`)
      return done / seconds
    }

    const pairs = [
      { server: service, paths: await uploadFiles(service) },
      { server: peer, paths: names.map((name) => `/${name}`) },
    ]
    for (const { server, paths } of pairs) await get(server, paths, 3000)
    const sides = pairs.map(({ server, paths }) => ({ server, work: () => get(server, paths, requests) }))
    const samples = await interleave(rounds, sides)
    const figure = `downloads of 4 KiB, ${connections} connections`
    return [
      compare({
        ...{ row: smallDownloads.id, figure: `${figure}; express.static`, unit: '/s', samples },
        ...{ target: { atLeast: 0.6 }, operations: requests },
      }),
      cpuLine({ row: smallDownloads.id, figure, samples, operations: requests, atMost: 300 }),
    ]
  },
}

/** The paths of the bytes of new files. */
async function uploadFiles({ port }: Server): Promise<string[]> {
  const work = { kind: 'upload', path: filesPath, size, keepBodies: true } as const
  const { bodies } = await loadCleanly({ port, connections, count: files, seconds: timeLimit, work })
  return bodies.map((body) => `${filesPath}/${(JSON.parse(body) as { file_hash: string }).file_hash}/content`)
}
