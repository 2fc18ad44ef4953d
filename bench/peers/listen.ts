import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

/** Listens on any free port and prints it, as every peer does. */
export function listen(app: Express): void {
  const server = app.listen(0, '127.0.0.1', () => {
    server.requestTimeout = 0
    console.log((server.address() as AddressInfo).port)
  })
}
