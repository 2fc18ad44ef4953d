import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { findPostgres } from './postgres.ts'
import { clientReader, panicMessage, serverReader } from './postgresMessages.ts'

/** What happens to the connection whose client sends a certain statement. */
export type Break =
  /** It is cut, and the statement never arrives. */
  | 'before'
  /** It is cut as soon as the statement was passed on, so the client cannot know whether the server ran it. */
  | 'during'
  /** It is cut once the server has run the statement and said so; the client does not hear of it. */
  | 'after'
  /** The same, and the client hears that the server could not write its log and gave up. */
  | 'panic'
  /** Nothing is passed on in either direction any more, and it stays open. */
  | 'silence'

/** Stands between the service and its database and breaks their connections. */
export interface DatabaseProxy {
  /** The URL of the same database, through here. */
  through(url: string): string
  /** Cuts every connection. New ones are taken. */
  cut(): void
  /** Cuts every connection and takes no new one until `accept`. */
  refuse(): Promise<void>
  accept(): Promise<void>
  /** Passes nothing on, on connections old and new, until `resume`. */
  stall(): void
  resume(): void
  /**
   * Breaks once: at the next statement that contains the text, or at the n-th statement from now on. Resolves when it
   * has happened.
   */
  breakAt(statement: string | number, how: Break): Promise<void>
  /** Breaks nothing any more. Says whether nothing was left to break. */
  mend(): boolean
  close(): Promise<void>
}

interface Trap {
  readonly how: Break
  catches(statement: string): boolean
  sprung(): void
}

/** In front of the PostgreSQL of this run, or of the one with its socket in the folder that `host` says. */
export async function startDatabaseProxy(host = () => findPostgres().host): Promise<DatabaseProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let traps: Trap[] = []
  let stalled = false
  let port = 0
  let server = await listen()

  function connected(client: Socket) {
    const database = createConnection(join(host(), '.s.PGSQL.5432'))
    const pair = [client, database] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end)
    if (stalled) for (const socket of pair) socket.pause()

    let silent = false
    let losing = false
    let lost = () => {}
    let panics = false
    const fromClient = clientReader((statement) => {
      const trap = traps.find(({ catches }) => catches(statement))
      if (!trap) return
      traps = traps.filter((other) => other !== trap)
      if (trap.how === 'before') end()
      if (trap.how === 'silence') silent = true
      if (trap.how === 'after' || trap.how === 'panic') losing = true
      panics = trap.how === 'panic'
      if (trap.how === 'during') setImmediate(end)
      if (losing) lost = trap.sprung
      else trap.sprung()
    })
    const fromDatabase = serverReader(() => {
      if (!losing) return
      lost()
      if (panics) client.end(panicMessage, end)
      else end()
    })
    client.on('data', (bytes) => {
      fromClient(bytes)
      if (!silent && !database.destroyed) database.write(bytes)
    })
    database.on('data', (bytes) => {
      fromDatabase(bytes)
      if (!silent && !losing && !client.destroyed) client.write(bytes)
    })
  }

  async function listen(): Promise<Server> {
    const listening = createServer(connected)
    listening.listen(port, '127.0.0.1')
    await once(listening, 'listening')
    const address = listening.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
    return listening
  }

  const each = (action: (socket: Socket) => void) => {
    for (const pair of [...pairs]) pair.forEach(action)
  }
  const cut = () => each((socket) => void socket.destroy())

  async function refuse() {
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }

  return {
    through(url) {
      const { username, pathname } = new URL(url.replace(/@\//, '@socket/'))
      return `postgres://${username}@127.0.0.1:${port}${pathname}`
    },
    cut,
    refuse,
    async accept() {
      server = await listen()
    },
    stall() {
      stalled = true
      each((socket) => void socket.pause())
    },
    resume() {
      stalled = false
      each((socket) => void socket.resume())
    },
    breakAt(which, how) {
      const { promise, resolve } = Promise.withResolvers<void>()
      let left = typeof which === 'number' ? which : 0
      const catches = (statement: string) =>
        typeof which === 'number' ? --left === 0 : statement.includes(which)
      traps.push({ how, catches, sprung: resolve })
      return promise
    },
    mend() {
      const unused = traps.length > 0
      traps = []
      return !unused
    },
    close: async () => (server.listening ? await refuse() : cut()),
  }
}
