/** How a call may go on that came past the breaker. */
export type S3Passage = 'as usual' | 'as a trial'

/** What the end of a call says about all the others: that they fare no better, that S3 serves them, or nothing. */
export type S3Omen = 'down' | 'up' | 'none'

/** Lets a call happen, or throws at once what failed last. */
export type S3Breaker = <Answer>(call: (passage: S3Passage) => Promise<Answer>) => Promise<Answer>

/** While it is open, so often a call is let through. */
export const TRIAL_EVERY_MILLISECONDS = 2000

/**
 * Keeps callers from waiting for an S3 that serves nobody, each until a deadline of its own, and S3 from all their
 * attempts. It opens when a call failed in a way that concerns every call, and no other was answered since it began. From
 * then on calls fail at once with what failed last, but for a trial: the first one, then one every two seconds. The first
 * call that is answered closes it, be it a trial or one that was under way. It promises nothing about which call is the
 * trial, and knows this process alone.
 */
export function createS3Breaker(judge: (error: unknown) => S3Omen): S3Breaker {
  let open: { readonly error: unknown } | undefined
  let nextTrial = 0
  let answered = 0

  function close() {
    open = undefined
    answered = performance.now()
  }

  function fail(error: unknown, began: number) {
    const omen = judge(error)
    if (omen === 'up') close()
    if (omen !== 'down' || answered > began) return
    if (!open) nextTrial = 0
    open = { error }
  }

  return async (call) => {
    const began = performance.now()
    if (open && began < nextTrial) throw open.error
    const passage = open ? 'as a trial' : 'as usual'
    if (open) nextTrial = began + TRIAL_EVERY_MILLISECONDS
    try {
      const answer = await call(passage)
      close()
      return answer
    } catch (error) {
      fail(error, began)
      throw error
    }
  }
}
