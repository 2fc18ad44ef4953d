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

/** What takes from root the rights that an ordinary user does not have. */
const likeOrdinaryUser = () =>
  process.getuid?.() === 0
    ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search,-net_bind_service']
    : []

/**
 * Runs `upfile` with these words to its end, with nothing in its environment but this; `ordinary`, without the rights of root over
 * files and ports.
 */
export async function runUpfile(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { ordinary = false }: { readonly ordinary?: boolean } = {},
): Promise<Said> {
  const [program = '', ...first] = [...(ordinary ? likeOrdinaryUser() : []), process.execPath]
  const child = spawn(program, [...first, main, ...words], {
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
