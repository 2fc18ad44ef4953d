import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** The machine of the measurements, in one line. */
export function describeMachine(folder: string): string {
  const processors = cpus()
  return [
    processors[0]?.model.trim() ?? 'unknown processor',
    `${processors.length} cores`,
    `${(totalmem() / 1024 ** 3).toFixed(0)} GiB RAM`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    fileSystemOf(folder),
  ].join(', ')
}

/** The type of the mount that holds the folder: the one with the longest path that leads to it. */
function fileSystemOf(folder: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').trim().split('\n')
  const holding = mounts
    .map((line) => line.split(' '))
    .filter(([, point = '']) => `${folder}/`.startsWith(point === '/' ? '/' : `${point}/`))
    .sort(([, a = ''], [, b = '']) => b.length - a.length)
  return holding[0]?.[2] ?? 'unknown file system'
}
