import { loadCleanly } from '../client/client.ts'
import { interleave } from '../rounds.ts'
import type { Service } from '../site.ts'
import { compare } from '../table.ts'
import { uploadFiles } from './metadata.ts'
import { filesPath, type Row } from './row.ts'

const connections = 16
const timeLimit = 600

/** What an access key costs: the same requests to a service that is closed, and to one that is open. */
export const keys: Row = {
  id: '20',
  title: 'requests with an access key',
  async run(site) {
    const { requests, rounds } = site.settings
    const open = await site.startService('open')
    const closed = await site.startService('closed')
    const pairs = [
      { server: closed, paths: await pathsOf(closed), key: await makeKey(closed) },
      { server: open, paths: await pathsOf(open), key: undefined },
    ]
    const get = async ({ server: { port }, paths, key }: (typeof pairs)[number], count: number) => {
      const work = { kind: 'get', paths, ...(key !== undefined && { key }) } as const
      const { done, seconds } = await loadCleanly({ port, connections, count, seconds: timeLimit, work })
      return done / seconds
    }
    for (const pair of pairs) await get(pair, 3000)
    const sides = pairs.map((pair) => ({ server: pair.server, work: () => get(pair, requests) }))
    const samples = await interleave(rounds, sides)
    const figure = `getFile by hash, ${connections} connections, with an access key; without, in an open service`
    return [
      compare({
        row: keys.id,
        figure,
        unit: '/s',
        samples,
        target: { atLeast: 0.91 },
        operations: requests,
      }),
    ]
  },
}

const pathsOf = async (service: Service) => (await uploadFiles(service)).map((hash) => `${filesPath}/${hash}`)

/** The first key closes the service. */
async function makeKey({ port }: Service): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['read'] }),
  })
  if (answer.status !== 201) throw new Error(`A key is answered ${answer.status}: ${await answer.text()}`)
  const { key } = (await answer.json()) as { key: string }
  return key
}
