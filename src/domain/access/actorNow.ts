import type { JudgedActor } from '../../database/rows/accessKeys.ts'
import { type LockedKey, lockKeys } from '../../database/rows/lockedKeys.ts'
import {
  accessKeyExpired,
  accessKeyInvalid,
  accessKeyRevoked,
  accessKeyRotated,
  scopeMissing,
} from '../../errors/access.ts'
import type { Actor } from '../../model/actor.ts'
import { hasScope } from './decide.ts'

/**
 * Judges an actor who manages keys by the row of its key, which it locks. What the process knows of the key may be a second old,
 * and a key that it made within that second would last. An actor without a row is taken as it is. Throws `access-key-invalid`,
 * `access-key-rotated`, `access-key-revoked`, `access-key-expired` and `scope-missing`.
 */
export const actorNow =
  (actor: Actor): JudgedActor =>
  async (trx, others) => {
    const { limits } = actor
    if (!limits) return actor
    const keys = await lockKeys(trx, [limits.keyId, ...others])
    const key = keys.find(({ id }) => id === limits.keyId)
    if (!key) throw accessKeyInvalid()
    insistOnManager(actor, key)
    const { scopes, reach, expiresAt, ratePerMinute: perMinute, requestsPerMonth: perMonth } = key
    return { ...actor, scopes, reach, expiresAt, limits: { ...limits, perMinute, perMonth } }
  }

function insistOnManager({ secretHash }: Actor, key: LockedKey): void {
  if (!secretHash?.equals(key.secretHash))
    throw secretHash && key.previousHash?.equals(secretHash) ? accessKeyRotated() : accessKeyInvalid()
  if (key.revokedAt !== null) throw accessKeyRevoked()
  if (key.hasExpired) throw accessKeyExpired()
  if (!hasScope(key, 'admin')) throw scopeMissing('admin')
}
