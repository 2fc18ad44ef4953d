import { createHash, randomUUID } from 'node:crypto'
import type { Deps } from '../../deps.ts'
import { idempotencyKeyReused } from '../../errors/requests.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord, NameCondition } from '../../model/file.ts'
import { insistOnSize, insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { detectReceived } from '../detection/detectReceived.ts'
import { toFileName } from '../values/fileNames.ts'
import { commitFile } from './commitFile.ts'
import type { IdempotentClaim } from './idempotency.ts'
import { giveUp } from './lease.ts'

/** A file to be stored: the received bytes, and the values that the client sent with them. */
export interface StoreRequest {
  readonly receipt: Receipt
  readonly bucket: string
  /** Any text; a result of `parseFilePath` for a file that is `named`. */
  readonly name: string
  /** Whether the file gets its name to itself, and replaces a file of the bucket that has the same name to itself. */
  readonly named?: boolean
  /** Judges the file that has the name to itself before it is replaced. */
  readonly nameCondition?: NameCondition | undefined
  /** The client's media type, which decides only where the bytes cannot. */
  readonly declaredType: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly expiresInSeconds: number | undefined
  readonly duplicates: 'refuse' | 'allow'
  readonly claim: IdempotentClaim | undefined
}

/** `stored`: a new file, or with `replayed` the file of an earlier request. `exists`: the bucket has the bytes already. */
export type StoreResult =
  | { readonly kind: 'stored'; readonly file: FileRecord; readonly replayed: boolean }
  | { readonly kind: 'exists'; readonly file: FileRecord }

/**
 * Checks received bytes against the limits of their bucket, and makes them a file. Throws `type-not-allowed`,
 * `file-too-large`, `idempotency-key-reused` and what `commitFile` and the condition throw; refused bytes are then in the trash.
 */
export async function storeFile(deps: Deps, request: StoreRequest): Promise<StoreResult> {
  const { receipt, claim, bucket } = request
  const prepared = await prepare(deps, request).catch(async (error: unknown) => {
    await giveUp(deps, receipt)
    throw error
  })
  if (prepared.replay) {
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
        name: request.named ? request.name : toFileName(request.name),
        named: request.named ?? false,
        mediaType: prepared.mediaType,
        metadata: request.metadata,
        expiresInSeconds: prepared.expiresInSeconds,
        bytes: { storageKey, size, sha256, sha1, md5, blockCrc32 },
      },
      duplicates: request.duplicates,
      nameCondition: request.nameCondition,
      idempotent: claim?.hold && { hold: claim.hold, fingerprint: fingerprintOf(request) },
    })
    return result.kind === 'exists' ? result : { ...result, replayed: false }
  } finally {
    receipt.lease?.end()
  }
}

/** Checks the bytes against the limits. `replay` is the file that answered the same request before. */
async function prepare(deps: Deps, request: StoreRequest) {
  const { receipt, declaredType, name, claim } = request
  const limits = await limitsOf(deps, request.bucket)
  insistOnSize(limits, receipt.size)
  const mediaType = await detectReceived(deps, receipt, { declaredType, name })
  insistOnType(limits, mediaType)
  if (claim?.answered && !claim.answered.fingerprint.equals(fingerprintOf(request)))
    throw idempotencyKeyReused()
  const expiresInSeconds = request.expiresInSeconds ?? limits.expiresInSeconds
  return { mediaType, expiresInSeconds, replay: claim?.answered?.file }
}

/** A hash of all values of a request that decide about the file, its bytes included: requests with equal hashes are equal. */
function fingerprintOf({
  bucket,
  name,
  named,
  declaredType,
  metadata,
  expiresInSeconds,
  duplicates,
  receipt,
}: StoreRequest): Buffer {
  const bytes = [receipt.digests.sha256.toString('hex'), receipt.size]
  const fields = [declaredType ?? null, metadata, expiresInSeconds ?? null, duplicates]
  const values = [bucket, name, ...(named ? ['named'] : []), ...fields, ...bytes]
  return createHash('sha256').update(JSON.stringify(values)).digest()
}
