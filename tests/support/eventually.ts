import { setTimeout as sleep } from 'node:timers/promises'

/** Tries until it succeeds, for at most a minute; then it fails as the last try did. */
export async function eventually<Result>(attempt: () => Promise<Result> | Result): Promise<Result> {
  const until = performance.now() + 60_000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(25)
    }
  }
}
