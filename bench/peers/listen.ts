import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on any free port and prints it, as every peer does. */
export function listen(answer: RequestListener): void {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1', () => {
    server.requestTimeout = 0
    console.log((server.address() as AddressInfo).port)
  })
}
