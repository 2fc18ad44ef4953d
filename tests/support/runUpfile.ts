import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { childEnvironment } from './childEnvironment.ts'
import { ignoreSlowConnection } from './slowConnection.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')

/** The result of a command that has ended. */
export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `upfile` with these words to its end, with nothing in its environment but this. */
export async function runUpfile(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: tmpdir(),
    env: { ...childEnvironment, ...env },
    timeout: 90_000,
  })
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ])
  return ignoreSlowConnection({ code, stdout, stderr })
}
