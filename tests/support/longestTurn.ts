const EVERY_MILLISECONDS = 20

/**
 * Watches the longest turn of the event loop, in milliseconds of CPU time of this thread. Unlike the delay of the event loop,
 * CPU time does not grow when other processes keep the machine busy.
 */
export function watchTurns(): { longestMilliseconds(): number; stop(): void } {
  let before = spentMicroseconds()
  let longest = 0
  const look = () => {
    const now = spentMicroseconds()
    longest = Math.max(longest, now - before)
    before = now
  }
  const timer = setInterval(look, EVERY_MILLISECONDS)
  return {
    longestMilliseconds() {
      look()
      return longest / 1000
    },
    stop: () => clearInterval(timer),
  }
}

function spentMicroseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
