import type { Readable } from 'node:stream'

/** Passes the lines of a stream on, whole ones only: a process that is killed may leave the beginning of one. */
export function forwardLines(stream: Readable, forward: (lines: string) => void): void {
  let begun = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) {
      forward(begun + text.slice(0, end))
      begun = ''
    }
    begun += text.slice(end)
  })
}
