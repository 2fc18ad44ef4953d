import { closeSync, openSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { Writable } from 'node:stream'

export interface LogFileLimits {
  readonly fileBytes: number
  readonly filesKept: number
}

const MODE = 0o640

/**
 * A stream of lines into a file that rotates: `info.log` is the newest, then `info1.log` and so on. Rotation splits and loses
 * no line. Lines that cannot be written, as on a full disk, are dropped with a message on standard error: a log never stops the
 * service. Throws when the file cannot be created now.
 */
export function createLogFile(path: string, { fileBytes, filesKept }: LogFileLimits): Writable {
  closeSync(openSync(path, 'a', MODE))
  let current: { readonly handle: FileHandle; size: number } | undefined
  let complained = false

  async function openCurrent() {
    const handle = await open(path, 'a', MODE)
    const { size } = await handle.stat()
    current = { handle, size }
    return current
  }
  async function closeCurrent() {
    const handle = current?.handle
    current = undefined
    await handle?.close()
  }
  async function rotate() {
    await closeCurrent()
    for (let number = filesKept - 1; number > 0; number--) {
      await rename(numbered(path, number - 1), numbered(path, number)).catch(unlessMissing)
    }
  }
  async function append(lines: readonly Buffer[]) {
    for (let first = 0; first < lines.length; ) {
      const file = current ?? (await openCurrent())
      const fitting = countFitting(lines.slice(first), fileBytes - file.size)
      if (fitting === 0 && file.size > 0) {
        await rotate()
        continue
      }
      const bytes = Buffer.concat(lines.slice(first, first + Math.max(fitting, 1)))
      await file.handle.appendFile(bytes)
      file.size += bytes.length
      first += Math.max(fitting, 1)
    }
    complained = false
  }
  async function appendOrComplain(lines: readonly Buffer[]) {
    try {
      await append(lines)
    } catch (error) {
      if (!complained) process.stderr.write(`Log lines are not written to ${path}: ${String(error)}\n`)
      complained = true
      await closeCurrent().catch(() => {}) // the next lines open the file anew
    }
  }

  return new Writable({
    write: (line: Buffer, _encoding, done) => void appendOrComplain([line]).then(() => done()),
    writev: (lines, done) => void appendOrComplain(lines.map(({ chunk }) => chunk)).then(() => done()),
    final: (done) => void closeCurrent().then(() => done(), done),
  })
}

function countFitting(lines: readonly Buffer[], room: number): number {
  let left = room
  const tooMuch = lines.findIndex((line) => {
    left -= line.length
    return left < 0
  })
  return tooMuch < 0 ? lines.length : tooMuch
}

const numbered = (path: string, number: number) =>
  number === 0 ? path : path.replace(/\.log$/, `${number}.log`)

function unlessMissing(error: NodeJS.ErrnoException) {
  if (error.code !== 'ENOENT') throw error
}
