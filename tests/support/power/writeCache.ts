import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { createRandom } from './random.ts'

/** Which of the unflushed writes a power cut keeps: none, all, the first ones, any subset of writes, or any of their sectors. */
export const keptWrites = ['none', 'all', 'first', 'some', 'sectors'] as const
export type KeptWrites = (typeof keptWrites)[number]

/** What a power cut found in the cache, and what stayed of it. */
export interface Remains {
  readonly unflushedBytes: number
  readonly keptBytes: number
}

/** A disk with a volatile write cache. */
export interface WriteCache {
  read(bytes: Buffer, at: number): void
  write(bytes: Buffer, at: number): void
  /** Makes everything durable that was written so far. */
  flush(): void
  /** Whatever is written from now on is gone after the power cut. */
  forget(): void
  /** Cuts the power: writes to the stable image what is kept of the unflushed writes. */
  lose(kept: KeptWrites, seed: number): Remains
}

const SECTOR_BYTES = 512

/** `live` is the image with every write, which reads see; `stable` the one with flushed writes only. */
export function createWriteCache(live: string, stable: string): WriteCache {
  const images = { live: openSync(live, 'r+'), stable: openSync(stable, 'r+') }
  let unflushed: { readonly bytes: Buffer; readonly at: number }[] = []
  let forgetting = false
  const keep = (bytes: Buffer, at: number) => writeSync(images.stable, bytes, 0, bytes.length, at)

  return {
    read: (bytes, at) => void readSync(images.live, bytes, 0, bytes.length, at),
    write(bytes, at) {
      writeSync(images.live, bytes, 0, bytes.length, at)
      if (!forgetting) unflushed.push({ bytes, at })
    },
    flush() {
      if (forgetting) return
      for (const { bytes, at } of unflushed) keep(bytes, at)
      unflushed = []
    },
    forget() {
      forgetting = true
    },
    lose(kept, seed) {
      const keptBytes = chooseBytes(unflushed, kept, seed).map(({ bytes, at }) => keep(bytes, at))
      for (const image of Object.values(images)) closeSync(image)
      const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0)
      return { unflushedBytes: sum(unflushed.map(({ bytes }) => bytes.length)), keptBytes: sum(keptBytes) }
    },
  }
}

type Write = { readonly bytes: Buffer; readonly at: number }

function chooseBytes(writes: readonly Write[], kept: KeptWrites, seed: number): readonly Write[] {
  const random = createRandom(seed)
  const percent = random.pick([10, 50, 90])
  switch (kept) {
    case 'none':
      return []
    case 'all':
      return writes
    case 'first':
      return writes.slice(0, random.integer(0, writes.length + 1))
    case 'some':
      return writes.filter(() => random.chance(percent))
    case 'sectors':
      return writes.flatMap(toSectors).filter(() => random.chance(percent))
  }
}

const toSectors = ({ bytes, at }: Write): Write[] =>
  Array.from({ length: Math.ceil(bytes.length / SECTOR_BYTES) }, (_, index) => ({
    bytes: bytes.subarray(index * SECTOR_BYTES, (index + 1) * SECTOR_BYTES),
    at: at + index * SECTOR_BYTES,
  }))
