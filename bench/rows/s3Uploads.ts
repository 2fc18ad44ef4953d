import { loadCleanly } from '../client/client.ts'
import { interleave, type Sample } from '../rounds.ts'
import { missingS3Server } from '../s3Server.ts'
import type { Server } from '../servers.ts'
import type { Site } from '../site.ts'
import { compare, memoryLine } from '../table.ts'
import { filesPath, MiB, type Row, sizeName } from './row.ts'

const GiB = 1024 ** 3
const memoryLimit = 96
const timeLimit = 1200

export const s3LargeUpload: Row = {
  id: '7',
  title: 'one large upload to S3',
  missing: missingS3Server,
  async run(site) {
    const { largeSize: size } = site.settings
    const plan = { kind: 'large', size, count: 1, connections: 1, worth: size / MiB } as const
    const samples = await measureUploads(site, plan, { ...plan, size: 64 * MiB })
    const name = `${sizeName(size)} upload to S3`
    const target = { atLeast: 0.8 }
    return [
      compare({ row: s3LargeUpload.id, figure: `${name}; lib-storage`, unit: 'MiB/s', samples, target }),
      memoryLine('7', `${name}, RSS above idle`, samples, memoryLimit),
    ]
  },
}

export const s3SmallUploads: Row = {
  id: '8',
  title: 'small uploads to S3',
  missing: missingS3Server,
  async run(site) {
    const { s3SmallFiles: count } = site.settings
    const plan = { kind: 'small', size: 4096, count, connections: 16, worth: 1 } as const
    const samples = await measureUploads(site, plan, { ...plan, count: 1000 })
    const figure = `${count} uploads of 4 KiB to S3, ${plan.connections} connections, no error; PutObject`
    return [compare({ row: s3SmallUploads.id, figure, unit: '/s', samples, target: { atLeast: 0.6 } })]
  },
}

type Plan = {
  readonly kind: 'large' | 'small'
  readonly size: number
  readonly count: number
  readonly connections: number
  /** The value of one upload in the figure. */
  readonly worth: number
}

/** upfile and the SDK, both warm, on one S3 server that keeps nothing between rounds. The SDK makes its bytes itself. */
async function measureUploads(site: Site, plan: Plan, warmUp: Plan): Promise<Sample[][]> {
  const s3 = await site.startS3Server({ store: 'file', bytes: 4 * (plan.size + GiB) })
  const service = await site.startService('upfile', s3.settings)
  const sdk = await site.startPeer('s3Upload', JSON.stringify(s3.address))
  const sides = [
    { server: service, upload: put },
    { server: sdk, upload: order },
  ]
  for (const { server, upload } of sides) await upload(server, warmUp)
  await s3.empty()
  return await interleave(
    site.settings.rounds,
    sides.map(({ server, upload }) => ({ server, work: () => upload(server, plan), tidy: s3.empty })),
  )
}

async function put({ port }: Server, { size, count, connections, worth }: Plan): Promise<number> {
  const work = { kind: 'put', path: filesPath, size, keepBodies: false } as const
  const { done, seconds } = await loadCleanly({ port, connections, count, seconds: timeLimit, work })
  if (done !== count) throw new Error(`${done} of ${count} uploads ended in time`)
  return (count * worth) / seconds
}

async function order({ port }: Server, { kind, size, count, connections, worth }: Plan): Promise<number> {
  const query = `size=${size}&count=${count}&connections=${connections}`
  const began = performance.now()
  const answer = await fetch(`http://127.0.0.1:${port}/${kind}?${query}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`The SDK failed: ${await answer.text()}`)
  return (count * worth) / ((performance.now() - began) / 1000)
}
