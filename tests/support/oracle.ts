import { readdirSync, readlinkSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { eventually } from './eventually.ts'
import { watchTurns } from './longestTurn.ts'
import { rawRequest } from './rawRequest.ts'
import type { TestService } from './service.ts'
import { unfinished } from './volume.ts'

/** The conditions that must hold after every hostile case. */
export interface Oracle {
  /** Expects that the service lives, was never blocked for long and gave no answer that tells of a failure. */
  expectAlive(): Promise<void>
  /**
   * Expects in addition that it holds no file of the volume open, and that after a round of maintenance nothing but the
   * bytes of files is on the volume and no invariant is broken.
   */
  expectUnharmed(): Promise<void>
  /** Expects that soon nobody is connected any more, but for clients that may send another request. */
  expectNobodyConnected(): Promise<void>
  stop(): void
}

/** Far above the longest computation of a healthy service, and far below a regular expression that backtracks. */
const LONGEST_TURN_MILLISECONDS = 3000
/** What RFC 9110 and 9112 call the server's lack is the client's fault: a coding, and a version, that nobody speaks here. */
const REFUSALS = [501, 505]
const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

/** Watches the service from now on. */
export function watchService(service: TestService): Oracle {
  const failures: string[] = []
  const note = (req: IncomingMessage, res: ServerResponse) => {
    res.once('close', () => {
      if (res.statusCode >= 500 && !REFUSALS.includes(res.statusCode))
        failures.push(`${req.method} ${req.url}: ${res.statusCode}`)
    })
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation'])
    service.server.prependListener(event, note)
  const turns = watchTurns()

  async function expectAlive() {
    expect((await rawRequest(service, LIVEZ)).status).toBe(200)
    expect(failures).toEqual([])
    expect(turns.longestMilliseconds()).toBeLessThan(LONGEST_TURN_MILLISECONDS)
  }

  return {
    expectAlive,
    async expectUnharmed() {
      await expectAlive()
      await eventually(async () => {
        expect(openVolumeFiles(service)).toEqual([])
        await service.maintain()
        expect(await unfinished(service)).toEqual([])
        const { counts, violations } = await service.findEverything({ deep: true })
        expect(violations).toEqual([])
        expect(counts['stored keys']).toBe(counts.blobs)
      })
    },
    expectNobodyConnected: () =>
      eventually(async () => {
        service.server.closeIdleConnections()
        expect(await connections(service)).toBe(0)
      }),
    stop() {
      turns.stop()
    },
  }
}

/** Files with bytes of the volume that this process holds open; its directories stay open and are no concern. */
export function openVolumeFiles({ dataDirectory }: TestService): string[] {
  const volume = join(dataDirectory, 'volume')
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const [, path = ''] = readlinkSync(`/proc/self/fd/${fd}`).split(volume)
      return /^\/(tmp|blobs\/..)\/./.test(path) ? [path] : []
    } catch {
      return [] // closed while we looked
    }
  })
}

const connections = ({ server }: TestService): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
