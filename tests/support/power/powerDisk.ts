import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { dataParent } from '../dataParent.ts'
import type { DiskData } from './diskThread.ts'
import { type FileSystemName, fileSystems } from './fileSystems.ts'
import { createPowerSwitch, type PowerSwitch } from './powerSwitch.ts'
import type { KeptWrites, Remains } from './writeCache.ts'

const run = promisify(execFile)

/** A disk whose power can be cut, with a file system. */
export interface PowerDisk {
  /** Where its file system is mounted while the power is on. */
  readonly directory: string
  /** Turns the power on. What will be kept of the unflushed writes is known from the beginning, and so is its seed. */
  turnOn(kept: KeptWrites, seed: number): Promise<PowerSwitch>
  /** Takes the disk away once nothing runs on it, cut or not; what is left is the disk of the next `turnOn`. */
  turnOff(): Promise<Remains>
  /** Copies the disk as it was at the last `turnOn`. */
  copyTo(path: string): Promise<void>
  remove(): Promise<void>
}

/** Sparse: an image takes as much room as was written. */
const BYTES = 2 * 2 ** 30
const UNMOUNT_MILLISECONDS = 15_000

interface Power {
  readonly power: PowerSwitch
  readonly remains: Promise<Remains>
  readonly loop: string
  readonly fuse: number
}

export async function createPowerDisk(name: FileSystemName): Promise<PowerDisk> {
  const { make, type, options } = fileSystems[name]
  const base = await mkdtemp(join(dataParent(), 'upfile-power-'))
  await chmod(base, 0o755) // PostgreSQL runs as another user than root
  const images = { left: join(base, 'left'), live: join(base, 'live'), stable: join(base, 'stable') }
  const { left, live, stable } = images
  const device = join(base, 'device')
  const directory = join(base, 'mounted')
  await mkdir(directory)
  for (const file of [left, device]) await writeFile(file, '')
  await truncate(left, BYTES)
  const [program = '', ...args] = make
  await run(program, [...args, left])
  let on: Power | undefined

  async function turnOff(): Promise<Remains> {
    if (!on) throw new Error('The power is off.')
    const { power, remains, loop, fuse } = on
    power.cut()
    power.release()
    await unmount(directory)
    await run('losetup', ['-d', loop])
    await unmount(device)
    on = undefined
    const found = await remains
    closeSync(fuse)
    await copySparse(stable, left)
    return found
  }

  return {
    directory,

    async turnOn(kept, seed) {
      for (const image of [live, stable]) await copySparse(left, image)
      const power = createPowerSwitch()
      const fuse = openSync('/dev/fuse', 'r+')
      const workerData: DiskData = { fuse, live, stable, bytes: BYTES, power: power.memory, kept, seed }
      const thread = new Worker(new URL('diskThread.ts', import.meta.url), { workerData })
      const remains = once(thread, 'message').then(([message]) => message as Remains)
      remains.catch(() => {}) // told by turnOff
      await mountFuse(fuse, device)
      const { stdout } = await run('losetup', ['-f', '--show', device])
      const loop = stdout.trim()
      on = { power, remains, loop, fuse }
      await run('mount', ['-t', type, '-o', options, loop, directory])
      insistOnFlushes(loop)
      return power
    },

    turnOff,
    copyTo: (path) => copySparse(left, path),

    async remove() {
      if (on) await turnOff()
      await rm(base, { recursive: true, force: true })
    },
  }
}

const copySparse = async (from: string, to: string) => void (await run('cp', ['--sparse=always', from, to]))

/** The kernel takes the open /dev/fuse as a number of the mounting process. */
async function mountFuse(fuse: number, path: string): Promise<void> {
  const options = 'fd=3,rootmode=100000,user_id=0,group_id=0'
  const mounting = spawn('mount', ['-i', '-t', 'fuse', '-o', options, 'upfile-power', path], {
    stdio: ['ignore', 'ignore', 'inherit', fuse],
  })
  const [code] = await once(mounting, 'exit')
  if (code !== 0) throw new Error(`The disk could not be mounted: mount ended with ${code}.`)
}

/** A loop device that hides its cache would let no flush through, and every cut would lose everything. */
function insistOnFlushes(loop: string): void {
  const cache = readFileSync(`/sys/block/${loop.replace('/dev/', '')}/queue/write_cache`, 'utf8')
  if (!cache.includes('write back')) throw new Error(`The kernel sends no flushes to ${loop}.`)
}

/** Unmounts as soon as the last process that was killed is gone. */
async function unmount(path: string): Promise<void> {
  for (const until = performance.now() + UNMOUNT_MILLISECONDS; ; await sleep(50)) {
    try {
      await run('umount', [path])
      return
    } catch (error) {
      if (performance.now() > until) throw error
    }
  }
}
