import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { errorCode } from '../../errors.ts'

type Address = Pick<Config, 'host' | 'port'> & {
  /** True: this worker alone listens there. Else all workers share the address. */
  readonly exclusive?: boolean
}

/** Connections that the kernel keeps while the service is busy; Linux may limit them further (`net.core.somaxconn`). */
const WAITING_CONNECTIONS = 4096

/** The workers of a primary that was killed hold its port until they have noticed. */
const WORKERS_MILLISECONDS = 3000

/** Throws an Error that names HOST or PORT when the service could not listen there: told before a database is started. */
export async function tryAddress({ workers, ...address }: Address & Pick<Config, 'workers'>): Promise<void> {
  const until = performance.now() + (workers > 1 ? WORKERS_MILLISECONDS : 0)
  for (;;) {
    const server = createServer((socket) => socket.destroy())
    try {
      await listen(server, address)
      server.close()
      await once(server, 'close')
      return
    } catch (error) {
      const isTaken = Error.isError(error) && errorCode(error.cause) === 'EADDRINUSE'
      if (!isTaken || performance.now() >= until) throw error
      await sleep(50)
    }
  }
}

/** Resolves with the URL when the server listens. Throws an Error that names HOST or PORT. */
export async function listen(server: Server, { host, port, exclusive = false }: Address): Promise<string> {
  try {
    server.listen({ port, host, exclusive, backlog: WAITING_CONNECTIONS })
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(explain(errorCode(cause) ?? '', { host, port }), { cause })
  }
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
}

function explain(code: string, { host, port }: Address): string {
  switch (code) {
    case 'EADDRINUSE':
      return `PORT ${port} is taken: end the program that listens on it, or set PORT to another port`
    case 'EACCES':
      return `PORT ${port} is for privileged users: set PORT to 1024 or above`
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
      return `HOST ${host} is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all`
    default:
      return `HOST ${host} and PORT ${port} cannot be listened on`
  }
}
