import { loadConfig } from '../config.ts'
import { checkEverything } from '../domain/maintenance/fsck.ts'
import { bindStorage } from '../domain/moving/bindStorage.ts'
import { armFailpoints } from '../runtime/failpoint.ts'
import { createYoungBuffers } from '../runtime/youngBuffers.ts'
import type { Command } from './command.ts'
import { insistOnTables } from './start/insistOnTables.ts'
import { insistOnVolume, openStorage } from './start/openStorage.ts'
import { withDatabase } from './start/withDatabase.ts'

/** Checks database and storage against each other. */
export const fsck: Command = {
  name: 'fsck',
  usage: '[--deep] [--repair]',
  summary: 'check files, blobs and stored bytes against each other',
  help: `Checks the invariants of the storage protocol (I1-I7) against database and storage, while the service runs or not:
every file has a blob, every blob has its bytes, every storage key is in one table, no bytes are unknown,
and the files of a bucket with limits are counted right.
docs/storage-protocol.md lists them.

  --deep    read every byte and compare its hashes
  --repair  mend what the database can mend alone: wrong counts (I7)

Prints every violation and then counts. Exit code 0 when no violation is left, 1 when there is one, 2 for a wrong call.
`,
  options: { deep: { type: 'boolean' }, repair: { type: 'boolean' } },
  words: 0,
  run: ({ options }) => check({ deep: options.deep === true, repair: options.repair === true }),
}

async function check({ deep, repair }: { deep: boolean; repair: boolean }): Promise<number> {
  const config = loadConfig(process.env)
  armFailpoints(config.failpoints)
  return await withDatabase(config, { create: false }, async ({ db }) => {
    await insistOnTables(db)
    for (const storage of [config.storage, config.storageFrom]) insistOnVolume(config, storage)
    const storage = await openStorage(config, createYoungBuffers({ enabled: config.collectYoungBuffers }))
    try {
      await bindStorage(db, storage)
      let violations = 0
      const counts = await checkEverything(
        { db, storage },
        {
          deep,
          report: ({ invariant, sentence }) => {
            violations += 1
            process.stdout.write(`${invariant} violated: ${sentence}\n`)
          },
          ...(repair && {
            mended: ({ invariant, sentence }) =>
              void process.stdout.write(`${invariant} was violated, and is mended: ${sentence}\n`),
          }),
        },
      )
      for (const [name, count] of Object.entries({ ...counts, violations }))
        process.stdout.write(`${name}: ${count}\n`)
      return violations === 0 ? 0 : 1
    } finally {
      await storage.close()
    }
  })
}
