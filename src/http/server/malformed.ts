import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { allMethods } from '../contract/methods.ts'
import { statusCode } from '../problems/httpErrors.ts'
import { guardHeaders } from './guardAnswer.ts'
import type { Linger } from './linger.ts'
import { type ParserError, type ParserRefusal, refusalOf } from './parserRefusals.ts'

/**
 * Answers a request that Node's parser refused, and that never reaches the application, with a problem. The problem waits
 * for the answer to the request before: in the middle of a download it would become part of the file.
 */
export function refuseMalformed(
  error: ParserError,
  socket: Duplex,
  { latest, linger }: { readonly latest: ServerResponse | undefined; readonly linger: Linger },
): void {
  if (closing.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  closing.add(socket)
  const refuse = () => closeWith(socket, answer(refusalOf(error)), linger)
  if (latest === undefined || latest.writableFinished || isBodyOf(latest, socket)) refuse()
  else latest.once('finish', refuse)
}

/** Whether the malformed bytes belong to the body of the request that is to be answered next. */
const isBodyOf = ({ req, headersSent, socket: served }: ServerResponse, socket: Duplex) =>
  !req.complete && !headersSent && served === socket

/** Answers CONNECT, which Node's parser hands over with its socket. */
export const refuseConnect = (socket: Duplex, linger: Linger): void =>
  closeWith(socket, answer({ status: 405, detail: `This service is no proxy: use ${allMethods}.` }), linger)

/** Connections with malformed bytes. Further errors on them are ignored. */
const closing = new WeakSet<Duplex>()

/** Sends the last answer of a connection, whose client may still be sending. */
function closeWith(socket: Duplex, text: string, linger: Linger): void {
  socket.on('error', () => {}) // after CONNECT the socket has no other listener, and a client may reset the connection
  if (socket.writable) socket.end(text)
  linger(socket)
}

function answer({ status, detail }: ParserRefusal): string {
  const title = STATUS_CODES[status] ?? 'Error'
  const id = randomUUID()
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail,
    code: statusCode(status),
    request_id: id,
  })
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    ...Object.entries(guardHeaders).map(([name, value]) => `${name}: ${value}`),
    'Cache-Control: no-store',
    'Connection: close',
    ...(status === 405 ? [`Allow: ${allMethods}`] : []),
    '',
    body,
  ].join('\r\n')
}
