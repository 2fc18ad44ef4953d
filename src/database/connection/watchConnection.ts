import { Socket } from 'node:net'
import type pg from 'pg'

/** Longer than any statement may take: a server that has not answered by then is out of reach. */
const SILENCE_MILLISECONDS = 20_000

/**
 * Keeps this process alive when a connection breaks, and breaks a connection whose server has not answered a statement for
 * 20 s: in a network that drops all packets, the statement would wait for ever. A `patient` connection has no such limit.
 */
export function watchConnection(client: pg.PoolClient, { patient }: { readonly patient: boolean }): void {
  // The statement that runs on the connection fails with the same error.
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
