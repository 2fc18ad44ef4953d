import { createHash, randomUUID } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { idempotencyKeyReused } from '../../errors/requests.ts'
import type { Actor } from '../../model/actor.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord, NameCondition } from '../../model/file.ts'
import { hasScope } from '../access/decide.ts'
import { insistOnRule } from '../access/insist.ts'
import { replaceCondition } from '../access/replaceCondition.ts'
import { toStoredName } from '../access/storedName.ts'
import { insistOnSize, insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { insistOnBucket, mayMakeBucket } from '../buckets/buckets.ts'
import { detectReceived } from '../detection/detectReceived.ts'
import { commitFile } from './commitFile.ts'
import type { IdempotentClaim } from './idempotency.ts'
import { giveUp } from './lease.ts'

/** A file to be stored: the received bytes, and the values that the client sent with them. */
export interface StoreRequest {
  readonly receipt: Receipt
  readonly bucket: string
  readonly name: RequestedName
  /** The client's media type, which decides only where the bytes cannot. */
  readonly declaredType: string | undefined
  readonly owner: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly expiresInSeconds: number | undefined
  readonly duplicates: 'refuse' | 'allow'
  readonly claim: IdempotentClaim | undefined
}

/** The name for a file to be stored. */
export type RequestedName =
  /** Any text: `toStoredName` makes it a name, which other files may have too. */
  | { readonly label: string }
  /**
   * A result of `parseFilePath`, which the file gets to itself: it replaces the file of the bucket that has the same name to
   * itself, once the condition has judged that file.
   */
  | { readonly path: string; readonly condition: NameCondition | undefined }

/** `stored`: a new file, or with `replayed` the file of an earlier request. `exists`: the bucket has the bytes already. */
export type StoreResult =
  | { readonly kind: 'stored'; readonly file: FileRecord; readonly replayed: boolean }
  | { readonly kind: 'exists'; readonly file: FileRecord }

/**
 * Checks received bytes against the limits of their bucket, and makes them a file of the actor. Throws `type-not-allowed`,
 * `file-too-large`, `idempotency-key-reused`, `name-taken` for a named file that the actor may not replace, and what `insistOn`,
 * `commitFile` and the condition throw; refused bytes are then in the trash.
 */
export async function storeFile(deps: Deps, actor: Actor, request: StoreRequest): Promise<StoreResult> {
  const { receipt, claim, bucket, name } = request
  const prepared = await prepare(deps, actor, request).catch(async (error: unknown) => {
    await giveUp(deps, receipt)
    throw error
  })
  if ('replay' in prepared) {
    await giveUp(deps, receipt)
    return { kind: 'stored', file: prepared.replay, replayed: true }
  }
  const { size, storageKey, blockCrc32 } = receipt
  const { sha256, sha1, md5 } = receipt.digests
  try {
    const result = await commitFile(deps, {
      file: {
        id: randomUUID(),
        bucket,
        name: prepared.name,
        named: 'path' in name,
        mediaType: prepared.mediaType,
        owner: prepared.owner,
        metadata: request.metadata,
        expiresInSeconds: prepared.expiresInSeconds,
        createdBy: actor.name,
        bytes: { storageKey, size, sha256, sha1, md5, blockCrc32 },
      },
      // Who may not read learns of no other file.
      duplicates: hasScope(actor, 'read') ? request.duplicates : 'allow',
      reach: actor.reach,
      makesBucket: mayMakeBucket(actor),
      subjects: prepared.subjects,
      room: receipt.room,
      nameCondition: 'path' in name ? replaceCondition(actor, name.path, name.condition) : undefined,
      idempotent: claim?.hold && { hold: claim.hold, fingerprint: fingerprintOf(request) },
    })
    return result.kind === 'exists' ? result : { ...result, replayed: false }
  } finally {
    receipt.lease?.end()
  }
}

/**
 * Checks the bytes against the limits. `replay` is the file that answered the same request before, whatever the limits are now:
 * the client lost that answer, and the file is there.
 */
async function prepare(deps: Deps, actor: Actor, request: StoreRequest) {
  const { receipt, declaredType, claim, bucket } = request
  if (claim?.answered) {
    if (!claim.answered.fingerprint.equals(fingerprintOf(request))) throw idempotencyKeyReused()
    return { replay: claim.answered.file }
  }
  const [name, label] =
    'path' in request.name
      ? [request.name.path, request.name.path]
      : [toStoredName(actor, request.name.label, '/file_name'), request.name.label]
  const { owner = actor.reach.owner } = request
  await insistOnRule(deps, actor, 'write', { bucket, name, owner })
  await insistOnBucket(deps, actor, bucket)
  const limits = await limitsOf(deps, bucket)
  insistOnSize(limits, receipt.size)
  const mediaType = await detectReceived(deps, receipt, { declaredType, name: label })
  insistOnType(limits, mediaType)
  const expiresInSeconds = request.expiresInSeconds ?? limits.expiresInSeconds
  return { name, owner: owner ?? null, mediaType, expiresInSeconds, subjects: limits.subjects }
}

/**
 * A hash of all values of a request that decide about the file, its bytes included: requests with equal hashes are equal. A field
 * has no value when the version before did not know it and the client did not send it: the hashes that are kept stay valid.
 */
function fingerprintOf({ receipt, claim: _, ...fields }: StoreRequest): Buffer {
  const { bucket, name, declaredType, owner, metadata, expiresInSeconds, duplicates } = fields
  const values = {
    bucket: [bucket],
    name: 'path' in name ? [name.path, 'named'] : [name.label],
    declaredType: [declaredType ?? null],
    metadata: [metadata],
    expiresInSeconds: [expiresInSeconds ?? null],
    duplicates: [duplicates],
    owner: owner === undefined ? [] : [{ owner }],
  } satisfies Record<keyof typeof fields, readonly unknown[]>
  const bytes = [receipt.digests.sha256.toString('hex'), receipt.size]
  return createHash('sha256')
    .update(JSON.stringify([...Object.values(values).flat(), ...bytes]))
    .digest()
}
