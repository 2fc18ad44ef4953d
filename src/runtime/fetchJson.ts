/** Bounds for one `fetchJson`. */
export interface FetchBounds {
  /** Aborts the request; its time limit belongs to it. */
  readonly signal: AbortSignal
  /** The largest size of the answer, unpacked. */
  readonly maxBytes: number
}

const MOST_REDIRECTS = 3

/**
 * GETs a JSON value. Follows redirects within the origin of the URL only. Throws the errors of `fetch`, and an Error for another
 * status than 200, for a redirect to another origin, for an answer above `maxBytes` and for a text that is no JSON.
 */
export async function fetchJson(url: string, { signal, maxBytes }: FetchBounds): Promise<unknown> {
  const headers = { Accept: 'application/json, application/jwk-set+json' }
  let address = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await fetch(address, { signal, headers, redirect: 'manual' })
    if (answer.status === 200) return JSON.parse(await readText(answer, maxBytes))
    await answer.body?.cancel()
    address = nextAddress(address, answer)
  }
  throw new Error(`The answer is a redirect for the ${MOST_REDIRECTS + 1}th time.`)
}

function nextAddress(address: string, { status, headers }: Response): string {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null)
    throw new Error(`The answer has the status ${status}.`)
  const target = URL.canParse(location, address) ? new URL(location, address) : undefined
  if (target?.origin !== new URL(address).origin)
    throw new Error('The answer is a redirect to another origin.')
  return target.href
}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`The answer has more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
