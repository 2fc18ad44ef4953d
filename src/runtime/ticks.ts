/** One timer for all running uploads: with timers of its own, every upload would begin and end two of them. */
export interface Ticks {
  /**
   * Calls `look` about every `milliseconds`, at most ten times a second, until the returned function is called. `look` must not
   * throw.
   */
  every(milliseconds: number, look: () => void): () => void
}

interface Watch {
  readonly milliseconds: number
  readonly look: () => void
  /** In the time of `performance.now()`. */
  due: number
}

const TICK_MILLISECONDS = 100

export function createTicks(): Ticks {
  const watches = new Set<Watch>()
  let timer: NodeJS.Timeout | undefined

  function tick() {
    const now = performance.now()
    for (const watch of watches) {
      if (now < watch.due) continue
      watch.due = now + watch.milliseconds
      watch.look()
    }
    // Not when the last upload ends: another one begins soon, and would begin the timer anew.
    if (watches.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    every(milliseconds, look) {
      const watch = { milliseconds, look, due: performance.now() + milliseconds }
      watches.add(watch)
      timer ??= setInterval(tick, TICK_MILLISECONDS)
      return () => void watches.delete(watch)
    },
  }
}
