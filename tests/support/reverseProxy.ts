import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import type { ProxyKind } from './reverseProxyConfigs.ts'

/** A proxy in a process of its own. */
export interface ReverseProxy {
  readonly url: string
  readonly port: number
  /** The hops of the requests that it passed on, as its access log has them so far. */
  forwarded(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** Starts a proxy in front of the service. Throws an Error with the proxy's output when it does not listen soon. */
export async function startReverseProxy(
  kind: ProxyKind,
  service: { readonly port: number },
): Promise<ReverseProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'upfile-proxy-'))
  const port = await findFreePort()
  const config = join(directory, 'config')
  const accessLog = join(directory, 'access.log')
  const errorLog = join(directory, 'error.log')
  await writeFile(config, kind.config({ port, servicePort: service.port, directory }))
  const [program = '', ...words] = kind.command(config)
  const [stdout, stderr] = [openSync(accessLog, 'a'), openSync(errorLog, 'a')]
  const child = spawn(program, words, {
    cwd: directory,
    env: { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
    stdio: ['ignore', stdout, stderr],
  })
  closeSync(stdout)
  closeSync(stderr)
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  child.once('error', (error) => resolve(error.message)).once('exit', () => resolve('it ended'))

  async function stop() {
    child.kill('SIGTERM')
    await ended
    process.off('exit', killWithUs)
    await rm(directory, { recursive: true, force: true })
  }

  try {
    await Promise.race([
      eventually(() => expectListening(port)),
      ended.then((reason) => Promise.reject(new Error(reason))),
    ])
  } catch (error) {
    const said = await readFile(errorLog, 'utf8')
    await stop()
    throw new Error(`${kind.name} does not start: ${String(error)}\n${said}`)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async forwarded() {
      const lines = (await readFile(accessLog, 'latin1')).split('\n').slice(0, -1)
      return lines.map((line) => kind.forwarded(line)).filter((hop) => hop !== undefined)
    },
    stop,
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const closed = once(server, 'close')
  server.close()
  await closed
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function expectListening(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
