import type { AccessKey, AccessKeyHashes, AccessKeyUse } from '../model/accessKey.ts'
import { createFreshCache } from './freshCache.ts'
import { findAccessKey } from './rows/accessKeys.ts'
import { isLocked } from './rows/accessState.ts'
import type { Database } from './schema.ts'

/** What this process knows of access keys. Nothing it says is older than a second, whichever process made the change. */
export interface KnownAccess {
  /** The key of this id, also one that has ended; undefined when there is none. Throws what the database throws. */
  findKey(id: string): Promise<(AccessKey & AccessKeyHashes & AccessKeyUse) | undefined>
  /** As `findKey`, of the moment: a key that another process has just given a new secret is known by it. */
  readKey(id: string): Promise<(AccessKey & AccessKeyHashes & AccessKeyUse) | undefined>
  /** Drops a key, and whether there is one, so that they are read again. To be called after every change of a key. */
  forget(id: string): void
  /** Whether an access key was ever made. Throws what the database throws. */
  locked(): Promise<boolean>
  /** What `locked` said last. */
  readonly wasLocked: boolean
}

const MOST_KEYS = 10_000

/** Made-up ids share this number of connections: they leave others to callers with good keys, which wait for no turn. */
const MOST_READS = 4

/** Reads an access key that is in use, and whether there ever was one, once a second. */
export function createKnownAccess(db: Database): KnownAccess {
  const keys = createFreshCache((id) => findAccessKey(db, id), { most: MOST_KEYS, mostReads: MOST_READS })
  const states = createFreshCache(() => isLocked(db), { most: 1, mostReads: 1 })
  let wasLocked = false
  return {
    findKey: keys.find,
    readKey: keys.read,
    forget(id) {
      keys.forget(id)
      states.forget('')
    },
    async locked() {
      wasLocked ||= (await states.find('')) === true
      return wasLocked
    },
    get wasLocked() {
      return wasLocked
    },
  }
}
