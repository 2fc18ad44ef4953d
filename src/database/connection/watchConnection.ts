import { Socket } from 'node:net'
import type pg from 'pg'

/** Longer than any statement may take: by then the server has answered, or it is out of reach. */
const SILENCE_MILLISECONDS = 20_000

/**
 * Lets a connection break without ending this process, and breaks it when the server owes an answer for too long: a
 * network that swallows everything would otherwise hold whoever waits for the answer for ever. A patient user waits.
 */
export function watchConnection(client: pg.PoolClient, { patient }: { readonly patient: boolean }): void {
  // Whoever is using the connection learns of it from the statement that fails.
  client.on('error', () => {})
  const { stream } = client.connection
  if (patient || !(stream instanceof Socket)) return
  let sentWhenDone = stream.bytesWritten
  client.on('drain', () => {
    sentWhenDone = stream.bytesWritten
  })
  stream.setTimeout(SILENCE_MILLISECONDS, () => {
    if (stream.bytesWritten === sentWhenDone) return
    stream.destroy(Object.assign(new Error('The database does not answer.'), { code: 'ETIMEDOUT' }))
  })
}
