import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import winston from 'winston'
import { createLineQueue } from './runtime/lineQueue.ts'
import { type RequestFields, toLogLine, toRequestLine } from './runtime/logLine.ts'
import { makeDirectory } from './runtime/makeDirectory.ts'
import { redact } from './runtime/redact.ts'
import { createLogFile } from './runtime/rotatingFile.ts'

/** The rank of each level; a log file holds its own level and the graver ones. */
const levels = { critical: 0, error: 1, warn: 2, info: 3, debug: 4 } as const

const FILE_BYTES = 5 * 2 ** 20
const FILES_KEPT = 5

export interface LogConfig {
  /** The console shows this level and the graver ones. */
  readonly level: keyof typeof levels
  /** Where the log files are, one for each level; undefined means none. */
  readonly directory: string | undefined
}

type Write = (message: string, fields?: Readonly<Record<string, unknown>>) => void
export type Logger = { readonly [Level in keyof typeof levels]: Write } & {
  /** Logs that a request ended. The line is written together with others, up to 100 ms later. */
  request(level: 'info' | 'debug', fields: RequestFields): void
  /** Writes lines that a worker has made, each to the console and the files that its level belongs to. */
  forward(lines: string): void
  close(): Promise<void>
}

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
    format: winston.format.printf(({ level, message, ...fields }) =>
      toLogLine({ level, message, ...fields }),
    ),
    transports: [
      new winston.transports.Console({ level, silent: !console }),
      // Not winston's own files: they lose lines when they rotate, and a full disk is an uncaught error there.
      ...files.map(({ name, stream }) => new winston.transports.Stream({ level: name, stream })),
    ],
  })
  const sinks = [
    ...(console
      ? [{ rank: levels[level], queue: createLineQueue((lines) => process.stdout.write(lines)) }]
      : []),
    ...files.map(({ rank, stream }) => ({ rank, queue: createLineQueue((lines) => stream.write(lines)) })),
  ]
  const queuesFrom = (least: number) => sinks.flatMap(({ rank, queue }) => (rank >= least ? [queue] : []))
  const queues = { info: queuesFrom(levels.info), debug: queuesFrom(levels.debug) }
  const flush = () => {
    for (const { queue } of sinks) queue.flush()
  }
  let closed: Promise<void> | undefined // requests that were cut may still log
  const write =
    (name: keyof typeof levels): Write =>
    (message, fields = {}) => {
      if (closed || !logger.isLevelEnabled(name)) return
      flush() // so that the lines keep their order
      logger.log({ request_id: requestIds.getStore(), ...fields, level: name, message })
    }

  async function end() {
    flush()
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
    request(name, fields) {
      if (closed || queues[name].length === 0) return
      const line = `${toRequestLine(name, fields)}\n`
      for (const queue of queues[name]) queue.add(line)
    },
    forward(lines) {
      if (closed) return
      for (const line of redact(lines).match(/.*\n/g) ?? []) {
        const rank = levels[levelOf(line)]
        for (const { rank: most, queue } of sinks) if (rank <= most) queue.add(line)
      }
      flush() // the worker has gathered them
    },
    close() {
      closed ??= end()
      return closed
    },
  }
}

/** The level of a line; `error` for one that no logger made. */
function levelOf(line: string): keyof typeof levels {
  const name = /^\{"time":"[^"]*","level":"(\w+)"/.exec(line)?.[1]
  return Object.keys(levels).find((level): level is keyof typeof levels => level === name) ?? 'error'
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
    return Object.entries(levels).map(([name, rank]) => ({
      name,
      rank,
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
