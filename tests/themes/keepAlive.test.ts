import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type StartedService, startService } from '../support/service.ts'

let service: StartedService
afterEach(() => service.stop())

/** Asks once over a connection that is to be kept. Resolves when the answer's head is here. */
async function ask(port: number): Promise<{ socket: Socket; head: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  const [head] = await once(socket, 'data')
  return { socket, head: String(head) }
}

describe('A connection without a request', () => {
  it('stays open as long as KEEP_ALIVE_SECONDS says, and clients are told', async () => {
    service = await startService({ KEEP_ALIVE_SECONDS: '910' })
    const { socket, head } = await ask(service.port)
    expect(head).toMatch(/^Keep-Alive: timeout=910\r$/im)
    socket.destroy()
  })

  it('is closed after that', async () => {
    service = await startService({ KEEP_ALIVE_SECONDS: '1' })
    const { socket } = await ask(service.port)
    await once(socket.resume(), 'close')
    expect(socket.readableEnded).toBe(true)
  })
})
