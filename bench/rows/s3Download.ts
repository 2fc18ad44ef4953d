import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import { missingS3Server } from '../s3Server.ts'
import type { Server } from '../servers.ts'
import { compare } from '../table.ts'
import { filesPath, MiB, type Row, sizeName } from './row.ts'

const timeLimit = 1200

/** Both sides read the same object. */
export const s3Download: Row = {
  id: '9',
  title: 'one large download from S3',
  missing: missingS3Server,
  async run(site) {
    const { largeSize, rounds } = site.settings
    const s3 = await site.startS3Server({ store: 'file', bytes: 4 * largeSize })
    const service = await site.startService('upfile', s3.settings)
    const peer = await site.startPeer('s3Download', JSON.stringify(s3.address))

    const get = async ({ port }: Server, path: string) => {
      const work = { kind: 'get', paths: [path] } as const
      const { received, seconds } = await loadCleanly({
        port,
        connections: 1,
        count: 1,
        seconds: timeLimit,
        work,
      })
      if (received !== largeSize) throw new Error(`${received} bytes came of ${largeSize}`)
      return received / MiB / seconds
    }

    const hash = await putFile(service, largeSize)
    const name = (await s3.names()).find((each) => each.startsWith('blobs/'))
    const sides = [
      { server: service, work: () => get(service, `${filesPath}/${hash}/content`) },
      { server: peer, work: () => get(peer, `/${name}`) },
    ]
    for (const { work } of sides) await work()
    const samples = await interleave(rounds, sides)
    const figure = `${sizeName(largeSize)} download from S3; GetObject piped`
    return [compare({ row: s3Download.id, figure, unit: 'MiB/s', samples, target: { atLeast: 0.9 } })]
  },
}

async function putFile({ port }: Server, size: number): Promise<string> {
  const work = { kind: 'put', path: filesPath, size, keepBodies: true } as const
  const { bodies } = await loadCleanly({ port, connections: 1, count: 1, seconds: timeLimit, work })
  return (JSON.parse(bodies[0] ?? '{}') as { file_hash: string }).file_hash
}
