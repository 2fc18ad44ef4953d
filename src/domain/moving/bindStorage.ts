import { randomUUID } from 'node:crypto'
import { whenFree } from '../../database/connection/locks.ts'
import { knowsBytes } from '../../database/rows/installation.ts'
import {
  type KnownStorage,
  listStorages,
  tieOnlyStorage,
  tieSecondStorage,
} from '../../database/rows/storages.ts'
import type { Database } from '../../database/schema.ts'
import type { MovingStorage } from '../../storage/moving.ts'
import { type Storage, type StorageKind, storageKinds } from '../../storage/storage.ts'

/**
 * Makes sure that database and storage belong together and that the storage has every file; a new storage gets an id. Of a
 * moving storage, both are bound. Returns the id of the storage that is written to. Throws an Error that says what to do:
 * bytes written to an empty folder where the volume should be mounted would be lost.
 */
export async function bindStorage(db: Database, storage: Storage | MovingStorage): Promise<string> {
  return await whenFree(db, 'bind', () =>
    'source' in storage ? bindBoth(db, storage) : bindOne(db, storage),
  )
}

async function bindOne(db: Database, storage: Storage): Promise<string> {
  const [known, found] = [await listStorages(db), await storage.readIdentity()]
  const ours = known.find(({ id }) => id === found)
  if (ours?.complete) return ours.id
  if (ours) throw new Error(explainIncomplete(known, storage.description.kind))
  const expected = (known.find(({ complete }) => complete) ?? known[0])?.id
  await insistOnEmpty(db, storage, { found, expected })
  const id = randomUUID()
  await tieOnlyStorage(db, id)
  await storage.writeIdentity(id)
  return id
}

async function bindBoth(db: Database, { target, source }: MovingStorage): Promise<string> {
  const known = await listStorages(db)
  const isOurs = (found: string | undefined): found is string => known.some(({ id }) => id === found)
  const [foundThere, foundHere] = [await target.readIdentity(), await source.readIdentity()]
  if (isOurs(foundThere)) {
    if (!isOurs(foundHere)) await bindSecond(db, source, known, { found: foundHere, besideId: foundThere })
    return foundThere
  }
  if (isOurs(foundHere))
    return await bindSecond(db, target, known, { found: foundThere, besideId: foundHere })
  const id = await bindOne(db, target)
  await bindSecond(db, source, await listStorages(db), { found: foundHere, besideId: id })
  return id
}

/** Gives an id to an empty storage beside one that the database knows. */
async function bindSecond(
  db: Database,
  storage: Storage,
  known: readonly KnownStorage[],
  { found, besideId }: { found: string | undefined; besideId: string },
): Promise<string> {
  // A known storage may be replaced by this empty one only when the storage beside it has every file.
  const isEnough = known.some(({ id, complete }) => complete && id === besideId)
  const expected = isEnough ? undefined : known.find(({ id }) => id !== besideId)?.id
  await insistOnEmpty(db, storage, { found, expected })
  const id = randomUUID()
  await tieSecondStorage(db, id, besideId)
  await storage.writeIdentity(id)
  return id
}

/** Throws an Error unless this storage, which the database does not know, is empty and may be bound to it. */
async function insistOnEmpty(
  db: Database,
  storage: Storage,
  { found, expected }: { found: string | undefined; expected: string | undefined },
): Promise<void> {
  const { identity, settings, question } = storage.description
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
}

function explainIncomplete(known: readonly KnownStorage[], kind: StorageKind): string {
  const other = storageKinds.filter((each) => each !== kind).join(' or ')
  const finish = `until "upfile migrate-storage --to ${kind}" has moved the files`
  return known.some(({ complete }) => complete)
    ? `The files are in the other storage: set STORAGE=${other}, or STORAGE=${kind} and STORAGE_FROM=${other} ${finish}.`
    : `Some files are in the other storage: set STORAGE_FROM=${other} ${finish}.`
}

async function holdsBytes(storage: Storage): Promise<boolean> {
  for await (const { finished } of storage.list()) if (finished) return true
  return false
}
