import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** A browser without a window. `names` lead to this machine, as rebound names of a stranger would. */
export async function openBrowser({ names = [] }: { names?: readonly string[] } = {}): Promise<Browser> {
  if (!existsSync(executablePath))
    throw new Error(`There is no ${executablePath}: install Debian's chromium, or set CHROMIUM.`)
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',')
  return await chromium.launch({
    executablePath,
    args: ['--no-sandbox', ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
  })
}
