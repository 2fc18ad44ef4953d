import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

/**
 * Asks the service once for a list, so that the first client does not wait for the validator to compile the spec. Throws when
 * the service does not answer. Not by `fetch`, which takes 60 ms to load.
 */
export async function warmUp(url: string): Promise<void> {
  const headers = { host: 'localhost' } // a host that is allowed, whatever HOST is
  const request = get(`${url}/service/fileupload?limit=1`, { agent: false, headers })
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response) await buffer(response)
}
