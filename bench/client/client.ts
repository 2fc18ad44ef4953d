import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Job, Outcome } from './job.ts'

const program = new URL('main.ts', import.meta.url)
const grace = 150

/** Runs a job in a process of its own, so that neither the bench nor a server shares its event loop. */
export async function load(job: Job): Promise<Outcome> {
  const child = fork(program, { serialization: 'advanced' })
  const late = setTimeout(() => child.kill('SIGKILL'), (job.seconds + grace) * 1000)
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The load generator ended early (${signal ?? code})`)
  })
  try {
    child.send(job)
    const [outcome] = (await Promise.race([once(child, 'message'), exited])) as [Outcome]
    return outcome
  } finally {
    clearTimeout(late)
    exited.catch(() => {})
  }
}

/** As `load`, for work where a single failed request makes the figure worthless. */
export async function loadCleanly(job: Job): Promise<Outcome> {
  const outcome = await load(job)
  if (outcome.errors === 0 && outcome.done > 0) return outcome
  throw new Error(
    `${outcome.errors} of ${outcome.done + outcome.errors} requests failed: ${outcome.firstError}`,
  )
}
