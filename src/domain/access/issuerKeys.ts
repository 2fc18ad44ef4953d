import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { identityUnavailable } from '../../errors/access.ts'
import type { Logger } from '../../logger.ts'
import { fetchJson } from '../../runtime/fetchJson.ts'

/** The public keys that the issuer of tokens publishes at one address (RFC 7517). */
export interface IssuerKeys {
  /**
   * The key for a token. Throws `identity-unavailable` when the issuer cannot say whether it has that key, and the errors of
   * jose: no key, or several, fit the token.
   */
  readonly find: JWTVerifyGetKey
  /** Ends the fetching. */
  close(): void
}

/** Intervals and limits of the fetching, in milliseconds. */
export interface KeyTimes {
  /** From one fetch in the background to the next. */
  readonly refresh: number
  /** The time for which keys count that cannot be fetched again. */
  readonly kept: number
  /** The least time from a fetch to the one that an unknown key causes: anyone can make up names of keys. */
  readonly unknownPause: number
  /** The least time from a failure to the next fetch that a request causes. */
  readonly failurePause: number
  /** The longest time for one fetch. */
  readonly timeout: number
}

export const keyTimes: KeyTimes = {
  refresh: 600_000,
  kept: 86_400_000,
  unknownPause: 30_000,
  failurePause: 5000,
  timeout: 5000,
}

const MOST_BYTES = 2 ** 20

interface FetchedKeys {
  readonly find: JWTVerifyGetKey
  /** In the time of `performance.now()`, as `FailedFetch.at`. */
  readonly at: number
}

interface FailedFetch {
  readonly error: unknown
  readonly at: number
}

/** Begins to fetch the keys, now and in the background. (jose's own fetching fails every request while the issuer is down.) */
export function createIssuerKeys(url: string, logger: Logger, times = keyTimes): IssuerKeys {
  const closed = new AbortController()
  let keys: FetchedKeys | undefined
  /** Undefined when the last fetch succeeded. */
  let failed: FailedFetch | undefined
  let fetching: Promise<void> | undefined

  async function fetchKeys(): Promise<void> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(times.timeout)])
    try {
      const set = await fetchJson(url, { signal, maxBytes: MOST_BYTES })
      keys = { find: createLocalJWKSet(set as JSONWebKeySet), at: performance.now() } // it checks the form itself
      if (failed) logger.info('The keys of JWT_JWKS_URL were fetched again')
      failed = undefined
    } catch (error) {
      if (!failed && !closed.signal.aborted)
        logger.warn('The keys of JWT_JWKS_URL cannot be fetched', { error })
      failed = { error, at: performance.now() }
    }
  }

  /** One fetch at a time: whoever needs one meanwhile waits for the same. */
  function refresh(): Promise<void> {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  const isOver = (at: number, pause: number) => performance.now() - at >= pause

  /** The keys of the last fetch that succeeded. Throws `identity-unavailable`. */
  async function current(): Promise<FetchedKeys> {
    if (!isUsable(keys) && (!failed || fetching || isOver(failed.at, times.failurePause))) await refresh()
    if (!isUsable(keys)) throw identityUnavailable(failed?.error)
    return keys
  }

  const isUsable = (found: FetchedKeys | undefined): found is FetchedKeys =>
    found !== undefined && !isOver(found.at, times.kept)

  const mayAskAgain = ({ at }: FetchedKeys) =>
    fetching !== undefined ||
    (failed ? isOver(failed.at, times.failurePause) : isOver(at, times.unknownPause))

  void refresh()
  const timer = setInterval(() => void refresh(), times.refresh).unref()

  return {
    async find(header, token) {
      const known = await current()
      try {
        return await known.find(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        if (mayAskAgain(known)) await refresh()
        // The issuer may have made this key since the last fetch that succeeded.
        if (failed) throw identityUnavailable(failed.error)
        return await (await current()).find(header, token)
      }
    },
    close() {
      clearInterval(timer)
      closed.abort()
    },
  }
}
