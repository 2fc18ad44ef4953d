import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import winston from 'winston'
import type { LogConfig } from './config.ts'

/** Each level's rank; a log file holds its own level and everything graver. */
const levels = { critical: 0, error: 1, warn: 2, info: 3, debug: 4 } as const

const FILE_BYTES = 5 * 2 ** 20
const FILES_KEPT = 5
const TEXT_CHARACTERS = 4096

type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void
export type Logger = { readonly [Level in keyof typeof levels]: Write } & { close(): Promise<void> }

/** JSON lines on the console, and five rotating files when a directory is given. */
export function createLogger({
  level,
  directory,
  console = true,
}: LogConfig & { console?: boolean }): Logger {
  if (directory !== undefined) mkdirSync(directory, { recursive: true })
  const files =
    directory === undefined
      ? []
      : Object.keys(levels).map(
          (name) =>
            new winston.transports.File({
              filename: join(directory, `${name}.log`),
              level: name,
              maxsize: FILE_BYTES,
              maxFiles: FILES_KEPT,
              tailable: true,
            }),
        )
  const logger = winston.createLogger({
    levels,
    level: directory === undefined ? level : 'debug',
    format: winston.format.printf((info) => toLine(info)),
    transports: [new winston.transports.Console({ level, silent: !console }), ...files],
  })
  let closed = false // requests that were cut may still have something to say
  const write =
    (name: keyof typeof levels): Write =>
    (message, fields = {}) => {
      if (!closed && logger.isLevelEnabled(name)) logger.log({ ...fields, level: name, message })
    }

  return {
    critical: write('critical'),
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    close: () =>
      new Promise((resolve) => {
        closed = true
        logger.once('finish', () => setImmediate(resolve))
        logger.end()
      }),
  }
}

/** One line whatever the values hold: text from outside is cut, and no line separator of any kind survives. */
function toLine({ level, message, ...fields }: winston.Logform.TransformableInfo): string {
  const line = { time: new Date().toISOString(), level, message, ...fields }
  return JSON.stringify(line, (_key, value: unknown) => toLoggable(value)).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    escaped,
  )
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** winston prints a nested Error as `{}`, so errors are spelled out here. */
function toLoggable(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > TEXT_CHARACTERS ? `${value.slice(0, TEXT_CHARACTERS)}…` : value
  if (!Error.isError(value)) return value
  const { name, message, stack, cause } = value
  return {
    name,
    message,
    ...('code' in value && { code: value.code }),
    stack,
    ...(cause !== undefined && { cause }),
  }
}
