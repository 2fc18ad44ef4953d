import { findUncounted } from '../../database/rows/allowances.ts'
import { insertAuditEntry } from '../../database/rows/audit.ts'
import {
  deleteBucketRecord,
  findBucket,
  insertBucket,
  updateBucketRules,
} from '../../database/rows/buckets.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { Deps } from '../../deps.ts'
import { bucketExists, bucketNotFound } from '../../errors/buckets.ts'
import type { Actor } from '../../model/actor.ts'
import type { Origin } from '../../model/audit.ts'
import type { BucketRecord, BucketRules } from '../../model/bucket.ts'
import { decide } from '../access/decide.ts'
import { insistOn, insistOnRule } from '../access/insist.ts'
import { countFiles } from './countFiles.ts'

/** A change of rules, and what the audit log tells about it. */
export interface RulesChange {
  readonly name: string
  readonly rules: Partial<BucketRules>
  readonly origin: Origin
  /** The rules in the words of the API. */
  readonly details: Readonly<Record<string, unknown>>
}

/** Creates a bucket; a missing rule is the one of `defaultRules`. Throws `bucket-exists` and what `insistOn` throws. */
export async function createBucket(
  deps: Deps,
  actor: Actor,
  { name, rules, origin, details }: RulesChange,
): Promise<BucketRecord> {
  const bucket = await administering(deps, actor, name, async (trx) => {
    const inserted = await insertBucket(trx, name, rules)
    if (!inserted) throw bucketExists(name)
    await insertAuditEntry(trx, actor, origin, { ...about(name), action: 'bucket-created', details })
    return inserted
  })
  return await counted(deps, bucket)
}

/** Throws `bucket-not-found` and what `insistOn` throws. */
export async function requireBucket(deps: Deps, actor: Actor, name: string): Promise<BucketRecord> {
  await insistOnRule(deps, actor, 'list', { bucket: name })
  return found(await findBucket(deps.db, name))
}

/** Changes the given rules, for new files only: files in the bucket stay as they are. Throws `bucket-not-found`. */
export async function changeBucket(
  deps: Deps,
  actor: Actor,
  { name, rules, origin, details }: RulesChange,
): Promise<BucketRecord> {
  const bucket = await administering(deps, actor, name, async (trx) => {
    const updated = found(await updateBucketRules(trx, name, rules))
    await insertAuditEntry(trx, actor, origin, { ...about(name), action: 'bucket-changed', details })
    return updated
  })
  return await counted(deps, bucket)
}

/** The bucket, with the usage of its files if a limit was set. Maintenance counts them when that cannot be done now. */
async function counted(deps: Deps, bucket: BucketRecord): Promise<BucketRecord> {
  const allowance = await findUncounted(deps.db, { kind: 'bucket', name: bucket.name })
  if (allowance === undefined || !(await countFiles(deps, allowance))) return bucket
  return (await findBucket(deps.db, bucket.name)) ?? bucket
}

/** Deletes a bucket. Throws `bucket-not-found`, and `bucket-not-empty` while the bucket has live files. */
export async function removeBucket(deps: Deps, actor: Actor, name: string, origin: Origin): Promise<void> {
  const parts = await administering(deps, actor, name, async (trx) => {
    const keys = await deleteBucketRecord(trx, name)
    await insertAuditEntry(trx, actor, origin, { ...about(name), action: 'bucket-deleted', details: {} })
    return keys
  })
  deps.sweeper.soon(parts)
}

const about = (name: string) => ({ target: `bucket:${name}`, reach: { buckets: [name], prefix: '' } })

/**
 * Throws `bucket-not-found` when the bucket does not exist, unless the actor may make it: the first file then does. What the
 * answer rests on is at most one second old; the commit looks again.
 */
export async function insistOnBucket({ bucketRules }: Deps, actor: Actor, name: string): Promise<void> {
  if (!mayMakeBucket(actor) && !(await bucketRules.exists(name))) throw bucketNotFound()
}

/** Whether the actor may make buckets that it reaches. */
export const mayMakeBucket = (actor: Actor): boolean => decide(actor, 'admin', { name: '' }) === 'allowed'

function found(bucket: BucketRecord | undefined): BucketRecord {
  if (!bucket) throw bucketNotFound()
  return bucket
}

/** Makes a change to a bucket, whose rules are for all names, in a transaction, and then drops its cached rules. */
async function administering<Result>(
  { db, bucketRules }: Deps,
  actor: Actor,
  name: string,
  change: (trx: DatabaseTransaction) => Promise<Result>,
): Promise<Result> {
  insistOn(actor, 'admin', { bucket: name, name: '' })
  try {
    return await db.transaction().execute(change)
  } finally {
    bucketRules.forget(name)
  }
}
