import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HoldWork, Job, Outcome } from './job.ts'

/** Connections that are opened at once: fewer than a server queues. */
const OPENED_AT_ONCE = 100

/** Asks for the path on every connection, reads nothing, and counts the connections that the server still keeps in the end. */
export async function hold(
  { port, connections, seconds }: Job,
  { path }: HoldWork,
): Promise<Omit<Outcome, 'cpu'>> {
  const start = performance.now()
  const sockets: Socket[] = []
  let lost = 0
  const count = () => {
    lost += 1
  }
  while (sockets.length < connections) {
    const opened = Array.from({ length: Math.min(OPENED_AT_ONCE, connections - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1' }),
    )
    await Promise.all(opened.map((socket) => once(socket, 'connect')))
    for (const socket of opened) {
      socket.pause()
      socket.on('close', () => count).on('error', () => {})
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    }
    sockets.push(...opened)
  }
  await sleep(seconds * 1000)
  const outcome = {
    done: connections - lost,
    errors: lost,
    firstError: lost > 0 ? 'connections were cut' : '',
  }
  for (const socket of sockets) socket.destroy()
  return { ...outcome, seconds: (performance.now() - start) / 1000, received: 0, medianMs: 0, bodies: [] }
}
