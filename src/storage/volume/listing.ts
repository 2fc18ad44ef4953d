import { opendir } from 'node:fs/promises'
import type { StoredObject } from '../storage.ts'
import { shards } from '../storageKey.ts'
import { insistOnDirectories } from './directories.ts'
import type { VolumeLayout } from './files.ts'

/**
 * Everything on a volume that has a key, unfinished files first; of one shard when `only` names it. Throws when a link stands
 * in the place of a directory.
 */
export async function* listVolume(layout: VolumeLayout, only?: string): AsyncGenerator<StoredObject> {
  const flat = [
    { directory: layout.temporary, finished: false },
    { directory: layout.staging, finished: true },
  ]
  for (const { directory, finished } of flat) {
    for await (const text of namesIn(directory)) {
      const [, prefix, shard, name] = /^(staging-)?([0-9a-f]{2})([0-9a-f]{32})$/.exec(text) ?? []
      if (name === undefined || (only !== undefined && only !== shard)) continue
      const staging = finished || prefix !== undefined
      yield { key: `${staging ? 'staging/' : ''}${shard}/${name}`, finished }
    }
  }
  await insistOnDirectories([layout.blobs])
  for (const shard of only === undefined ? shards : [only]) {
    for await (const name of namesIn(layout.shard(shard))) {
      if (/^[0-9a-f]{32}$/.test(name)) yield { key: `${shard}/${name}`, finished: true }
    }
  }
}

async function* namesIn(directory: string): AsyncGenerator<string> {
  await insistOnDirectories([directory])
  for await (const entry of await opendir(directory)) yield entry.name
}
