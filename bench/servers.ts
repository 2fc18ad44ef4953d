import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { family, isRunning } from './processes.ts'

/** A program under measurement. */
export type Server = {
  readonly name: string
  readonly port: number
  /** The Node process, whose memory counts. */
  readonly pid: number
  /** All processes whose CPU time counts. */
  readonly pids: () => number[]
  readonly stop: () => Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const startLimit = 60_000
const stopLimit = 45_000

/** The service as an installation would run it, on a data directory of its own. */
export async function startService(
  program: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<Server> {
  const port = await freePort()
  const log = join(directory, 'service.log')
  const output = openSync(log, 'a')
  const child = spawn(process.execPath, ['--max-semi-space-size=16', program, 'serve'], {
    cwd: root,
    env: {
      ...withoutSettings(process.env),
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: join(directory, 'data'),
      LOG_DIR: join(directory, 'logs'),
      ENVIRONMENT: 'production',
      MALLOC_ARENA_MAX: '2',
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/upfile'),
      ...env,
    },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const server = toServer('upfile', child, port)
  for (const end = Date.now() + startLimit; Date.now() < end && child.exitCode === null; await sleep(20)) {
    if (await isReady(port)) return server
  }
  await server.stop()
  throw new Error(`The service did not become ready:\n${readFileSync(log, 'utf8').slice(-2000)}`)
}

/** A peer: a program in bench/peers that prints its port. */
export async function startPeer(name: string, argument: string): Promise<Server> {
  const program = fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [program, argument], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The peer ${name} ended with ${code}`)
  })
  exited.catch(() => {})
  const [line] = await Promise.race([once(child.stdout, 'data'), exited])
  return toServer(name, child, Number(line))
}

function toServer(name: string, child: ChildProcess, port: number): Server {
  const { pid } = child
  if (pid === undefined) throw new Error(`The ${name} could not be started`)
  return { name, port, pid, pids: () => family(pid), stop: () => stop(child, pid) }
}

/** Stops the process and waits for all it had started, so that their folders can be removed. */
async function stop(child: ChildProcess, pid: number): Promise<void> {
  const members = child.exitCode === null ? family(pid) : []
  const late = setTimeout(() => child.kill('SIGKILL'), stopLimit)
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  clearTimeout(late)
  for (const end = Date.now() + stopLimit; Date.now() < end && members.some(isRunning); ) await sleep(50)
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Settings of the caller's own installation must not reach the one that is measured. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSetting = (name: string) => /^(DATABASE_URL$|STORAGE$|DB_|AWS_)/.test(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting(name)))
}
