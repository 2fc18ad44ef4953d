import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { findPostgres } from './postgres.ts'

export interface TlsDatabase {
  readonly port: number
  close(): Promise<void>
}

/** The first message of a client that asks for TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** The PostgreSQL of this run behind TLS that is not optional, as that of a cloud; without a certificate it has none. */
export async function startTlsDatabase(certificate?: Certificate): Promise<TlsDatabase> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((socket) => {
    keep(socket).once('data', (first) => {
      const asksForTls = first.equals(SSL_REQUEST)
      if (!asksForTls) return void socket.end(refusal('no pg_hba.conf entry for host, no encryption'))
      if (!certificate) return void socket.write('N')
      socket.write('S')
      const plain = keep(new TLSSocket(socket, { isServer: true, ...certificate }))
      const database = keep(createConnection(join(findPostgres().host, '.s.PGSQL.5432')))
      plain.pipe(database).pipe(plain)
      plain.once('close', () => database.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** PostgreSQL's answer to a client that may not come in like this. */
function refusal(message: string): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C28000', `M${message}`].map((field) => `${field}\0`).join('')
  const text = Buffer.from(`${fields}\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeUInt32BE(text.length + 4, 1)
  return Buffer.concat([head, text])
}
