import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Server } from '../servers.ts'
import { compare } from '../table.ts'
import { filesPath, MiB, type Row, sizeName } from './row.ts'

const downloads = 4
const timeLimit = 600

/** Both sides read from the page cache: it is the way out of the server that is measured, not the disk. */
export const download: Row = {
  id: '5',
  title: 'one large download',
  async run(site) {
    const { largeSize, rounds } = site.settings
    await site.requireSpace(3 * largeSize)
    const service = await site.startService()
    const folder = await site.folder('static')
    await writeFile(join(folder, 'large.bin'), blocks(largeSize))
    const files = await site.startPeer('static', folder)

    const get = async ({ port }: Server, path: string, count: number) => {
      const work = { kind: 'get', paths: [path] } as const
      const job = { port, connections: 1, count, seconds: timeLimit, work }
      const { received, seconds } = await loadCleanly(job)
      if (received !== count * largeSize) throw new Error(`${received} bytes came of ${count * largeSize}`)
      return received / MiB / seconds
    }

    const pairs = [
      { server: service, path: `${filesPath}/${await uploadFile(service, largeSize)}/content` },
      { server: files, path: '/large.bin' },
    ]
    for (const { server, path } of pairs) await get(server, path, 1)
    const sides = pairs.map(({ server, path }) => ({ server, work: () => get(server, path, downloads) }))
    const samples = await interleave(rounds, sides)
    const figure = `${sizeName(largeSize)} download, ${downloads} in turn; express.static`
    return [compare({ row: download.id, figure, unit: 'MiB/s', samples, target: { atLeast: 3 } })]
  },
}

/** Uploads a file, and returns its SHA-256 in hex. */
export async function uploadFile({ port }: Server, size: number): Promise<string> {
  const work = { kind: 'upload', path: filesPath, size, keepBodies: true } as const
  const { bodies } = await loadCleanly({ port, connections: 1, count: 1, seconds: timeLimit, work })
  return (JSON.parse(bodies[0] ?? '{}') as { file_hash: string }).file_hash
}

function* blocks(size: number): Generator<Buffer> {
  const block = randomBytes(MiB)
  for (let written = 0; written < size; written += block.length) yield block
}
