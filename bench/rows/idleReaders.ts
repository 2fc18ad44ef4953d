import { setTimeout as sleep } from 'node:timers/promises'
import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Server } from '../servers.ts'
import { memoryLine, worstLine } from '../table.ts'
import { uploadFile } from './download.ts'
import { filesPath, MiB, type Row } from './row.ts'

const readers = 2000
const fileSize = 8 * MiB
/** Less than the service lets a client take nothing. */
const holdSeconds = 15

export const idleReaders: Row = {
  id: '11',
  title: 'readers that take nothing',
  async run(site) {
    const service = await site.startService()
    const path = `${filesPath}/${await uploadFile(service, fileSize)}/content`
    const hold = (connections: number, seconds: number) =>
      loadCleanly({
        port: service.port,
        connections,
        count: connections,
        seconds,
        work: { kind: 'hold', path },
      })
    const work = async () => {
      let holding = true
      const held = hold(readers, holdSeconds).finally(() => {
        holding = false
      })
      let worst = 0
      while (holding) worst = Math.max(worst, await livez(service))
      await held
      return worst
    }
    await hold(readers / 10, 1)
    const samples = await interleave(1, [{ server: service, work }])
    const figure = `${readers} readers of ${fileSize / MiB} MiB that take nothing`
    return [
      memoryLine('11', `${figure}, RSS above idle`, samples, 128),
      worstLine('11', `${figure}: slowest of /livez meanwhile`, 'ms', samples, 1000),
    ]
  },
}

/**
 * Milliseconds that /livez takes on a connection that was kept alive. On loopback the kernel keeps up to 4 MiB for each reader
 * that takes nothing; a new connection waits for the kernel's memory for TCP, which all processes of the machine share.
 */
async function livez({ port }: Server): Promise<number> {
  const begin = performance.now()
  const answer = await fetch(`http://127.0.0.1:${port}/livez`)
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`/livez answers ${answer.status}`)
  const milliseconds = performance.now() - begin
  await sleep(50)
  return milliseconds
}
