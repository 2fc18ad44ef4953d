import { createConnection } from './connection.ts'
import { hold } from './hold.ts'
import type { Job, Outcome } from './job.ts'
import { getRequests, uploadRequests } from './requests.ts'

const errorLimit = 20

/** Runs one job: as many lanes as connections, each asking for the next request when its own is answered. */
async function run(job: Job): Promise<Omit<Outcome, 'cpu'>> {
  const { port, connections, count, seconds, work } = job
  if (work.kind === 'hold') return await hold(job, work)
  const requests = work.kind === 'get' ? getRequests(work) : uploadRequests(work)
  const keepBodies = work.kind !== 'get' && work.keepBodies
  const times: number[] = []
  const bodies: string[] = []
  const problems: string[] = []
  let next = 0
  let received = 0
  const start = performance.now()
  const deadline = start + seconds * 1000

  async function lane(): Promise<void> {
    const connection = createConnection(port)
    while (next < count && problems.length < errorLimit && performance.now() < deadline) {
      const begin = performance.now()
      try {
        const answer = await connection.exchange(requests(next++), keepBodies)
        if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body.slice(0, 300)}`)
        times.push(performance.now() - begin)
        received += answer.length
        if (keepBodies) bodies.push(answer.body)
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error))
      }
    }
    connection.close()
  }

  await Promise.all(Array.from({ length: connections }, lane))
  const elapsed = (performance.now() - start) / 1000
  const medianMs = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
  const [firstError = ''] = problems
  return {
    done: times.length,
    seconds: elapsed,
    received,
    medianMs,
    errors: problems.length,
    firstError,
    bodies,
  }
}

// Whether the work is done or the bench was interrupted.
process.once('disconnect', () => process.exit())

process.once('message', async (job: Job) => {
  const before = process.cpuUsage()
  const outcome = await run(job)
  const { user, system } = process.cpuUsage(before)
  process.send?.({ ...outcome, cpu: (user + system) / 1e6 }, () => process.disconnect())
})
