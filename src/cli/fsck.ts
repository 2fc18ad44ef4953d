import { parseArgs } from 'node:util'
import { loadConfig } from '../config.ts'
import { checkEverything } from '../domain/maintenance/fsck.ts'
import { bindStorage } from '../domain/moving/bindStorage.ts'
import { armFailpoints } from '../runtime/failpoint.ts'
import { openStorage } from './start/openStorage.ts'
import { withDatabase } from './start/withDatabase.ts'

const help = `upfile fsck [--deep]

Checks the invariants of the storage protocol (I1-I6) against database and storage, while the service runs or not:
every file has a blob, every blob has its bytes, every storage key is in one table, no bytes are unknown.

  --deep  read every byte and compare its hashes

Prints every violation and then counts. Exit code 0 when there is none, 1 when there is one, 2 for a wrong call.
`

/** Checks everything that is kept. Resolves with the exit code. */
export async function fsck(words: readonly string[]): Promise<number> {
  const options = parseWords(words)
  if (!options || options.help) {
    ;(options ? process.stdout : process.stderr).write(help)
    return options ? 0 : 2
  }
  const config = loadConfig(process.env)
  armFailpoints(config.failpoints)
  return await withDatabase(config, async ({ db }) => {
    const storage = await openStorage(config)
    await bindStorage(db, storage)
    let violations = 0
    const counts = await checkEverything(
      { db, storage },
      {
        deep: options.deep,
        report: ({ invariant, sentence }) => {
          violations += 1
          process.stdout.write(`${invariant} violated: ${sentence}\n`)
        },
      },
    )
    for (const [name, count] of Object.entries({ ...counts, violations }))
      process.stdout.write(`${name}: ${count}\n`)
    await storage.close()
    return violations === 0 ? 0 : 1
  })
}

function parseWords(words: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { deep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    })
    return values
  } catch {
    return undefined
  }
}
