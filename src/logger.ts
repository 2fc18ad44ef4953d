import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import winston from 'winston'
import { makeDirectory } from './runtime/makeDirectory.ts'
import { createLogFile } from './runtime/rotatingFile.ts'

/** The rank of each level; a log file holds its own level and the graver ones. */
const levels = { critical: 0, error: 1, warn: 2, info: 3, debug: 4 } as const

const FILE_BYTES = 5 * 2 ** 20
const FILES_KEPT = 5
const TEXT_CHARACTERS = 4096

export interface LogConfig {
  /** The console shows this level and the graver ones. */
  readonly level: keyof typeof levels
  /** Where the log files are, one for each level; undefined means none. */
  readonly directory: string | undefined
}

type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void
export type Logger = { readonly [Level in keyof typeof levels]: Write } & { close(): Promise<void> }

const requestIds = new AsyncLocalStorage<string>()

/** Runs work whose log lines carry the id of this request, at any depth. */
export const withRequestId = <Result>(id: string, work: () => Result): Result => requestIds.run(id, work)

/** JSON lines on the console, and five rotating files when a directory is given. */
export function createLogger({
  level,
  directory,
  console = true,
}: LogConfig & { console?: boolean }): Logger {
  const files = directory === undefined ? [] : openFiles(directory)
  if (console) outliveReader()
  const logger = winston.createLogger({
    levels,
    level: directory === undefined ? level : 'debug',
    format: winston.format.printf((info) => toLine(info)),
    transports: [
      new winston.transports.Console({ level, silent: !console }),
      // Not winston's own files: they lose lines when they rotate, and a full disk is an uncaught error there.
      ...files.map(({ name, stream }) => new winston.transports.Stream({ level: name, stream })),
    ],
  })
  let closed: Promise<void> | undefined // requests that were cut may still log
  const write =
    (name: keyof typeof levels): Write =>
    (message, fields = {}) => {
      if (!closed && logger.isLevelEnabled(name))
        logger.log({ request_id: requestIds.getStore(), ...fields, level: name, message })
    }

  async function end() {
    logger.end()
    await once(logger, 'finish')
    for (const { stream } of files) stream.end()
    await Promise.all(files.map(({ stream }) => finished(stream)))
  }

  return {
    critical: write('critical'),
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    close() {
      closed ??= end()
      return closed
    },
  }
}

/** Ignores that the reader of the console is gone: to log that would fail in the same way, for ever. */
function outliveReader() {
  for (const stream of [process.stdout, process.stderr])
    if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore)
}

const ignore = () => {}

/** One file for each level. Throws an Error that names LOG_DIR when a file cannot be written. */
function openFiles(directory: string) {
  try {
    makeDirectory(directory)
    return Object.keys(levels).map((name) => ({
      name,
      stream: createLogFile(join(directory, `${name}.log`), {
        fileBytes: FILE_BYTES,
        filesKept: FILES_KEPT,
      }),
    }))
  } catch (cause) {
    const message = Error.isError(cause) ? cause.message : String(cause)
    throw new Error(`LOG_DIR ${directory} cannot be used: ${message}`, { cause })
  }
}

/** One line for any values: long texts are cut, and every line separator is escaped. */
function toLine({ level, message, ...fields }: winston.Logform.TransformableInfo): string {
  const line = { time: new Date().toISOString(), level, message, ...fields }
  return JSON.stringify(line, (_key, value: unknown) => toLoggable(value)).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    escaped,
  )
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** An Error as a plain object: winston prints a nested Error as `{}`. */
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
