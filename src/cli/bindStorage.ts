import { randomUUID } from 'node:crypto'
import { findStorageId, insertStorageId, knowsBytes } from '../database/installation.ts'
import type { Database } from '../database/schema.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * Makes sure that database and storage belong together, and ties a new pair. Throws an Error that says what to do when
 * they do not: bytes written to a folder where the volume should be mounted would be lost.
 */
export async function bindStorage(db: Database, storage: Storage): Promise<void> {
  const [expected, found] = [await findStorageId(db), await storage.readIdentity()]
  if (expected !== undefined && expected === found) return
  const { identity, settings, question } = storage.place
  if (expected !== undefined && found !== undefined) {
    throw new Error(
      `The storage is ${found}, but the database belongs to ${expected}: check ${settings} and the database settings.`,
    )
  }
  if (expected !== undefined && (await knowsBytes(db))) {
    throw new Error(
      `The storage has no ${identity}, but the database knows of files: ${question} If it is there and was copied without its hidden files, copy those, too: ${identity} holds ${expected}.`,
    )
  }
  if (await holdsBytes(storage)) {
    throw new Error(
      `The storage ${found ?? `without a ${identity}`} holds files of another database: check the database settings, or choose another ${settings}.`,
    )
  }
  await storage.writeIdentity(await insertStorageId(db, expected ?? randomUUID()))
}

async function holdsBytes(storage: Storage): Promise<boolean> {
  for await (const { finished } of storage.list()) if (finished) return true
  return false
}
