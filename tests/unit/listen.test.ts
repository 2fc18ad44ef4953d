import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { tryAddress } from '../../src/cli/start/listen.ts'

const host = '127.0.0.1'
let other: Server
beforeAll(async () => {
  other = createServer().listen(0, host)
  await once(other, 'listening')
})
afterAll(() => void other.close())

/** The port of another program. */
const portOf = (server: Server) => (server.address() as AddressInfo).port

async function millisecondsUntil(refused: Promise<void>, reason: RegExp): Promise<number> {
  const began = performance.now()
  await expect(refused).rejects.toThrow(reason)
  return performance.now() - began
}

describe('an address that a service with workers cannot have', () => {
  it('is told at once when waiting changes nothing', async () => {
    const refused = tryAddress({ host: '192.0.2.1', port: 0, workers: 2 })
    expect(await millisecondsUntil(refused, /^HOST 192\.0\.2\.1 is no address of this machine/)).toBeLessThan(
      1000,
    )
  })

  it('is told after 3 s when another program holds it', async () => {
    const port = portOf(other)
    const milliseconds = await millisecondsUntil(tryAddress({ host, port, workers: 2 }), /^PORT \d+ is taken/)
    expect(milliseconds).toBeGreaterThanOrEqual(3000)
    expect(milliseconds).toBeLessThan(5000)
  })

  it('is told at once by a service of one process, also when another program holds it', async () => {
    const port = portOf(other)
    const refused = tryAddress({ host, port, workers: 1 })
    expect(await millisecondsUntil(refused, /^PORT \d+ is taken/)).toBeLessThan(1000)
  })

  it('is waited for while workers that lost their primary hold it', async () => {
    const leaving = createServer().listen(0, host)
    await once(leaving, 'listening')
    const trying = tryAddress({ host, port: portOf(leaving), workers: 2 })
    setTimeout(() => leaving.close(), 500)
    await trying
  })
})
