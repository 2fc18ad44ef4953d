import { moveTo } from '../config/storage.ts'
import { type Config, loadConfig } from '../config.ts'
import { unlessBusy } from '../database/connection/locks.ts'
import { migrateUp } from '../database/connection/migrate.ts'
import { listStorages } from '../database/rows/storages.ts'
import { bindStorage } from '../domain/moving/bindStorage.ts'
import { moveStorage } from '../domain/moving/moveStorage.ts'
import { armFailpoints } from '../runtime/failpoint.ts'
import { createYoungBuffers } from '../runtime/youngBuffers.ts'
import type { MovingStorage } from '../storage/moving.ts'
import { type StorageKind, storageKinds } from '../storage/storage.ts'
import type { Command } from './command.ts'
import { insistOnTables } from './start/insistOnTables.ts'
import { insistOnVolume, openMoving } from './start/openStorage.ts'
import { withDatabase } from './start/withDatabase.ts'

const kinds = storageKinds.join('|')

/** Moves the bytes of all files to one of the storages. */
export const migrateStorage: Command = {
  name: 'migrate-storage',
  usage: `--to ${kinds}`,
  summary: 'move the bytes of all files to the other storage',
  help: `Copies the bytes of all files from the other storage, reads every copy back and compares its hash. It needs the settings
of both storages; STORAGE and STORAGE_FROM may be what they are. Services may run meanwhile. When no service writes to the
other storage any more, that is, when all have STORAGE=${kinds} and STORAGE_FROM=<the other>, it says that the files are
moved, and STORAGE_FROM can be dropped. It removes nothing from the other storage.

A killed run continues at the next call. The command prints each blob it cannot move, and its progress on standard error.
Exit code 0 when every file is moved, 1 when not, 2 for a wrong call.
`,
  options: { to: { type: 'string' } },
  words: 0,
  run({ options }) {
    const to = storageKinds.find((kind) => kind === options.to)
    if (to) return move(to)
    const choices = storageKinds.map((kind) => `--to ${kind}`).join(' or ')
    return options.to === undefined ? `say ${choices}` : `there is no storage "${options.to}": say ${choices}`
  },
}

async function move(to: StorageKind): Promise<number> {
  const config = loadConfig(process.env, moveTo(to))
  armFailpoints(config.failpoints)
  return await withDatabase(config, { create: false }, async ({ db }) => {
    await insistOnTables(db)
    insistOnVolume(config, config.storageFrom)
    await migrateUp(db)
    const storage = await openBoth(config)
    try {
      const target = await storage.target.readIdentity()
      if ((await listStorages(db)).some(({ id, complete }) => complete && id === target)) {
        say(`All files are in ${to} already.`)
        return 0
      }
      const targetId = await bindStorage(db, storage)
      const moved = await unlessBusy(db, 'move', (held) =>
        moveStorage({
          db: held,
          target: storage.target,
          source: storage.source,
          targetId,
          say,
          begin: (left) => createProgress(to, left),
        }),
      )
      if (moved === undefined) throw new Error('Another "upfile migrate-storage" is running.')
      return moved ? 0 : 1
    } finally {
      await storage.close()
    }
  })
}

async function openBoth(config: Config): Promise<MovingStorage> {
  if (!config.storageFrom) throw new Error('There is nothing to move from.')
  return await openMoving(
    config,
    config.storageFrom,
    createYoungBuffers({ enabled: config.collectYoungBuffers }),
  )
}

const MEBIBYTE = 2 ** 20
const PAUSE_MILLISECONDS = 5000

/** Says now and then, and in the end, how many blobs are moved. */
function createProgress(to: StorageKind, { blobs, bytes }: { blobs: number; bytes: number }) {
  let [doneBlobs, doneBytes, next] = [0, 0, performance.now() + PAUSE_MILLISECONDS]
  const write = () =>
    process.stderr.write(
      `${doneBlobs} of ${blobs} blobs are in ${to} and verified, ${toMebibytes(doneBytes)} of ${toMebibytes(bytes)} MiB\n`,
    )
  return {
    add(size: number) {
      doneBlobs += 1
      doneBytes += size
      if (performance.now() < next) return
      next = performance.now() + PAUSE_MILLISECONDS
      write()
    },
    end: () => void (blobs > 0 && write()),
  }
}

const toMebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1)

const say = (sentence: string) => void process.stdout.write(`${sentence}\n`)
