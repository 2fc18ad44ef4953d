import type { RateCount, RateState } from '../../model/rates.ts'

/** Requests of many subjects in the last 60 seconds, by this process and, as far as it was told, by others. */
export interface SlidingWindow {
  /** Counts a request at `now`, in seconds since 1970, unless it exceeds `quota`. */
  take(subject: string, quota: number, now: number): Pick<RateState, 'exceeded' | 'left' | 'seconds'>
  /** At most `most` counts that other processes do not know; they must come back to `settle` or `restore`. */
  changes(most: number): RateCount[]
  /** The changes are known now: `totals` are the counts of all processes. */
  settle(changes: readonly RateCount[], totals: readonly RateCount[]): void
  /** The changes could not be told. */
  restore(changes: readonly RateCount[]): void
}

/** Requests of a subject in a minute. */
interface Count {
  /** By all processes, as this process was told. */
  known: number
  /** By this process: in changes that are on their way, and not yet in changes. */
  sent: number
  unsent: number
}

interface Minute {
  readonly number: number
  readonly counts: Map<string, Count>
  /** The subjects that have `unsent` requests. */
  readonly changed: Set<string>
}

const MINUTE_SECONDS = 60

/** The subjects beyond the bound are counted together. */
const OTHERS = '*'

const newMinute = (number: number): Minute => ({ number, counts: new Map(), changed: new Set() })

const requestsOf = (count: Count | undefined) => (count ? count.known + count.sent + count.unsent : 0)

/**
 * Counts in minutes that are aligned to the clock, so that the counts of processes can be added. The last 60 seconds are the
 * current minute and the part of the previous one that they reach into, which is taken as evenly used. In each of the two minutes
 * at most `mostSubjects` subjects have a count of their own; all others share one.
 */
export function createSlidingWindow(mostSubjects: number): SlidingWindow {
  let previous = newMinute(-2)
  let current = newMinute(-1)

  function turnTo(number: number) {
    if (number <= current.number) return // the clock was set back: time stands still for a while
    previous = current.number === number - 1 ? current : newMinute(number - 1)
    current = newMinute(number)
  }

  const minuteOf = ({ minute }: RateCount) => [current, previous].find(({ number }) => number === minute)

  const nameOf = (subject: string, { counts }: Minute) =>
    counts.has(subject) || counts.size < mostSubjects ? subject : OTHERS

  function countOf(subject: string, { counts }: Minute): Count {
    const count = counts.get(subject) ?? { known: 0, sent: 0, unsent: 0 }
    counts.set(subject, count)
    return count
  }

  return {
    take(subject, quota, now) {
      turnTo(Math.floor(now / MINUTE_SECONDS))
      const elapsed = Math.min(Math.max(now - current.number * MINUTE_SECONDS, 0), MINUTE_SECONDS)
      const name = nameOf(subject, current)
      const before = requestsOf(previous.counts.get(name))
      const reached = before * (1 - elapsed / MINUTE_SECONDS)
      const exceeded = requestsOf(current.counts.get(name)) + reached + 1 > quota
      if (!exceeded) {
        countOf(name, current).unsent += 1
        current.changed.add(name)
      }
      const requests = requestsOf(current.counts.get(name))
      const left = Math.max(Math.floor(quota - requests - reached), 0)
      const seconds =
        left > 0 ? MINUTE_SECONDS - elapsed : secondsUntilOne({ before, requests, quota, elapsed })
      return { exceeded, left, seconds: Math.max(Math.ceil(seconds), 1) }
    },

    changes(most) {
      const changes: RateCount[] = []
      for (const minute of [previous, current])
        for (const subject of minute.changed) {
          if (changes.length === most) return changes
          minute.changed.delete(subject)
          const count = countOf(subject, minute)
          changes.push({ subject, minute: minute.number, requests: count.unsent })
          count.sent += count.unsent
          count.unsent = 0
        }
      return changes
    },

    settle(changes, totals) {
      for (const change of changes) {
        const count = minuteOf(change)?.counts.get(change.subject)
        if (count) count.sent -= change.requests
      }
      for (const total of totals) {
        const minute = minuteOf(total)
        if (minute && nameOf(total.subject, minute) === total.subject)
          countOf(total.subject, minute).known = total.requests
      }
    },

    restore(changes) {
      for (const change of changes) {
        const minute = minuteOf(change)
        const count = minute?.counts.get(change.subject)
        if (!minute || !count) continue
        count.sent -= change.requests
        count.unsent += change.requests
        minute.changed.add(change.subject)
      }
    },
  }
}

interface Full {
  /** In the previous minute. */
  readonly before: number
  /** In the current minute. */
  readonly requests: number
  readonly quota: number
  readonly elapsed: number
}

/** Seconds until one more request fits: the last 60 seconds must have reached less far into a minute that was used too much. */
function secondsUntilOne({ before, requests, quota, elapsed }: Full): number {
  const room = quota - 1 - requests
  const reachInto = (used: number, most: number) => MINUTE_SECONDS * (1 - most / used)
  if (room >= 0) return reachInto(before, room) - elapsed
  return MINUTE_SECONDS - elapsed + reachInto(requests, quota - 1)
}
