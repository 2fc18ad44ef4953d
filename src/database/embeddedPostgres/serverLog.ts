import { constants, type PathLike } from 'node:fs'
import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

const LARGEST_BYTES = 16 * 2 ** 20

/** The log of PostgreSQL. At a start a log above 16 MiB is renamed to `postgres.log.1`. */
export interface ServerLog {
  readonly path: string
  readonly fd: number
  /** At most the last 2,000 bytes that PostgreSQL logged since this start. */
  readTail(): Promise<string>
  close(): Promise<void>
}

/** Opens `postgres.log` for appending, without following a link. */
export async function openServerLog(directory: string): Promise<ServerLog> {
  const path = join(directory, 'postgres.log')
  if ((await sizeOf(path)) > LARGEST_BYTES) await rename(path, `${path}.1`)
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  const file = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
  const { size: start } = await file.stat()
  return { path, fd: file.fd, readTail: () => readTail(file, start), close: () => file.close() }
}

async function readTail(file: FileHandle, start: number): Promise<string> {
  const { size } = await file.stat()
  const length = Math.min(size - start, 2000)
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
  return buffer.toString('utf8').trim()
}

const sizeOf = (path: PathLike): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )
