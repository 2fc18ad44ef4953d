import { Agent, request } from 'node:http'
import type { TestService } from './service.ts'

/** Asks for a path `times` times on a few connections, each time with other headers. Returns the statuses, in order. */
export async function askOften(
  { port }: Pick<TestService, 'port'>,
  path: string,
  times: number,
  headersOf: (index: number) => Record<string, string>,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const ask = (index: number) =>
    new Promise<number>((resolve, reject) => {
      const req = request({ agent, port, host: '127.0.0.1', path, headers: headersOf(index) }, (res) => {
        res.resume().once('end', () => resolve(res.statusCode ?? 0))
      })
      req.once('error', reject).end()
    })
  try {
    return await Promise.all(Array.from({ length: times }, (_, index) => ask(index)))
  } finally {
    agent.destroy()
  }
}
