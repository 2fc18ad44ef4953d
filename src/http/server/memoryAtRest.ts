import type { Server } from 'node:http'
import { findCollector } from '../../runtime/collector.ts'

const LOOK_MILLISECONDS = 10_000

/** In 10 s: what health checks and monitoring ask for is rest, too. */
const MOST_REQUESTS_AT_REST = 10

/** Fewer requests leave too little behind for a collection, which takes 0.1 s of CPU time. */
const LEAST_REQUESTS_OF_WORK = 200

/**
 * Gives memory back to the system once the server rests after work, or after its start: 10 s with at most 10 requests and
 * none open. V8 collects nothing while it has nothing to do, and keeps the room of its young objects. Returns the function
 * that ends this.
 */
export function freeMemoryAtRest(server: Server): () => void {
  const collect = findCollector()
  let work = LEAST_REQUESTS_OF_WORK
  let recent = 0
  let open = 0
  server.on('request', (_req, res) => {
    recent += 1
    open += 1
    res.once('close', () => {
      open -= 1
    })
  })
  const looking = setInterval(() => {
    const rests = recent <= MOST_REQUESTS_AT_REST && open === 0
    work += recent
    recent = 0
    if (!rests || work < LEAST_REQUESTS_OF_WORK) return
    work = 0
    // Of this kind alone, V8 gives back the room of its young objects.
    collect?.({ type: 'major', flavor: 'last-resort' })
  }, LOOK_MILLISECONDS).unref()
  return () => clearInterval(looking)
}
