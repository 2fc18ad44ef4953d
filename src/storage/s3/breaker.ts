/** How a call may go on that the breaker let through: with its whole deadline, or as one short attempt. */
export type S3CallMode = 'as usual' | 'as a trial'

/** What the result of one call tells about S3: it is down, it is up, or nothing. */
export type S3Verdict = 'down' | 'up' | 'none'

/** Lets a call happen, or throws the last failure at once. */
export type S3Breaker = <Answer>(call: (mode: S3CallMode) => Promise<Answer>) => Promise<Answer>

/** While the breaker is open, one call per interval is let through. */
export const TRIAL_EVERY_MILLISECONDS = 2000

/**
 * A circuit breaker: while S3 is down, callers do not wait each until a deadline of their own, and S3 is spared their attempts.
 * It opens when a call's verdict is "down" and no other call was answered since that call began. While it is open, calls
 * throw the last failure at once; one is let through as a trial, the first at once, then one every two seconds. The first
 * call that is answered closes it, a trial or one that was under way. Any call may become the trial. Each process has its own.
 */
export function createS3Breaker(judge: (error: unknown) => S3Verdict): S3Breaker {
  let open: { readonly error: unknown } | undefined
  let nextTrial = 0
  let answered = 0

  function close() {
    open = undefined
    answered = performance.now()
  }

  function fail(error: unknown, began: number) {
    const verdict = judge(error)
    if (verdict === 'up') close()
    if (verdict !== 'down' || answered > began) return
    if (!open) nextTrial = 0
    open = { error }
  }

  return async (call) => {
    const began = performance.now()
    if (open && began < nextTrial) throw open.error
    const mode = open ? 'as a trial' : 'as usual'
    if (open) nextTrial = began + TRIAL_EVERY_MILLISECONDS
    try {
      const answer = await call(mode)
      close()
      return answer
    } catch (error) {
      fail(error, began)
      throw error
    }
  }
}
