import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface LogLine {
  readonly time: string
  readonly level: 'critical' | 'error' | 'warn' | 'info' | 'debug'
  readonly message: string
  readonly request_id?: string
  readonly [field: string]: unknown
}

/** The lines of one log file, as text. */
export async function readLines(directory: string, file: string): Promise<string[]> {
  const text = await readFile(join(directory, file), 'utf8')
  return text.split('\n').filter((line) => line !== '')
}

/** The lines of one log file. Throws when one of them is not a JSON object. */
export async function readLog(directory: string, file: string): Promise<LogLine[]> {
  return (await readLines(directory, file)).map((line) => {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`No object: ${line}`)
    return value as LogLine
  })
}

/** Everything that all files of a directory hold. */
export async function readAllLogs(directory: string): Promise<string> {
  const files = await readdir(directory)
  return (await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))).join('')
}
