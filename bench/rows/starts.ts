import { setTimeout as sleep } from 'node:timers/promises'
import { loadCleanly } from '../client/client.ts'
import { sharedOutMemory } from '../processes.ts'
import { median } from '../rounds.ts'
import type { Service, Site } from '../site.ts'
import { measureLine } from '../table.ts'
import { filesPath, MiB, type Row } from './row.ts'

const starts = 5
const settleSeconds = 5
const restSeconds = 30

export const starting: Row = {
  id: '16',
  title: 'starts, and memory that is kept',
  async run(site) {
    const first: number[] = []
    const again: number[] = []
    for (let index = 0; index < starts; index++) {
      const name = `upfile-${index}`
      await timed(site, name, first).then(({ stop }) => stop())
      await timed(site, name, again).then(({ stop }) => stop())
    }
    const service = await site.startService()
    const memory = () => sharedOutMemory(service.pids()) / MiB
    await sleep(settleSeconds * 1000)
    const idle = memory()
    await work(service)
    const atOnce = memory()
    await sleep(restSeconds * 1000)
    const line = (figure: string, unit: string, value: number, atMost: number) =>
      measureLine({ row: starting.id, figure, unit, value, target: { atMost } })
    return [
      line('ready on an empty folder', ' s', median(first), 2.5),
      line('ready on a folder that is set up', ' s', median(again), 1),
      line('idle memory, PSS of all processes', ' MiB', idle, 120),
      line('memory at once after uploads, downloads and lists', ' MiB', atOnce, 420),
      line(`memory ${restSeconds} s later`, ' MiB', memory(), 300),
    ]
  },
}

/** Starts the service on the folder, and notes the seconds until it is ready. */
async function timed(site: Site, name: string, seconds: number[]): Promise<Service> {
  const begin = performance.now()
  const service = await site.startService(name)
  seconds.push((performance.now() - begin) / 1000)
  return service
}

/** Some of everything that the other rows do. */
async function work({ port }: Service): Promise<void> {
  const job = { port, connections: 16, seconds: 600 }
  const upload = { kind: 'upload', path: filesPath, keepBodies: false } as const
  await loadCleanly({ ...job, count: 5000, work: { ...upload, size: 4096 } })
  await loadCleanly({ ...job, count: 400, work: { ...upload, size: MiB } })
  await loadCleanly({ ...job, count: 16, work: { ...upload, size: 64 * MiB } })
  const pages = [`${filesPath}?limit=100`, `${filesPath}?limit=100&sort=-created_at`]
  await loadCleanly({ ...job, count: 2000, work: { kind: 'get', paths: pages } })
}
