import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { findCollector } from '../../runtime/collector.ts'

const LOOK_MILLISECONDS = 10_000

/** The first look comes sooner: a start leaves more behind than most work, and its end is known. */
const FIRST_LOOK_MILLISECONDS = 2000

/** At most this many requests in 10 s count as rest: health checks and monitoring send a few. */
const MOST_REQUESTS_AT_REST = 10

/** Fewer requests leave too little behind for a collection, which takes 0.1 s of CPU time. */
const LEAST_REQUESTS_OF_WORK = 200

/**
 * Gives memory back to the system once the server rests: with no request open and at most 10 in the last 10 s, or in the 2 s
 * after its start. V8 collects nothing while it has nothing to do, and keeps the room of its young objects. Returns the
 * function that ends this.
 */
export function freeMemoryAtRest(server: Server): () => void {
  const collect = findCollector()
  let work = LEAST_REQUESTS_OF_WORK
  let recent = 0
  let open = 0
  const begin = (_req: IncomingMessage, res: ServerResponse) => {
    recent += 1
    open += 1
    res.once('close', () => {
      open -= 1
    })
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, begin)
  const look = () => {
    const rests = recent <= MOST_REQUESTS_AT_REST && open === 0
    work += recent
    recent = 0
    if (!rests || work < LEAST_REQUESTS_OF_WORK) return
    work = 0
    // Of this kind alone, V8 gives back the room of its young objects.
    collect?.({ type: 'major', flavor: 'last-resort' })
  }
  const first = setTimeout(look, FIRST_LOOK_MILLISECONDS).unref()
  const looking = setInterval(look, LOOK_MILLISECONDS).unref()
  return () => {
    clearTimeout(first)
    clearInterval(looking)
  }
}
