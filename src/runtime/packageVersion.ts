import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const { version }: { version: string } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'),
)

/** The version of this package, as it is released. */
export const packageVersion: string = version
