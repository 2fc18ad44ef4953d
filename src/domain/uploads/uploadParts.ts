import { toDomainError } from '../../database/failures.ts'
import type { FileRecord } from '../../database/fileRecord.ts'
import { listUploadParts, putUploadPart, type UploadPart } from '../../database/uploadParts.ts'
import { deletePendingUpload, setS3UploadId, type UploadRecord } from '../../database/uploads.ts'
import type { Deps } from '../../deps.ts'
import { hasCode, partsInvalid, uploadNotFound, uploadTaken } from '../../errors.ts'
import type { SentPart } from '../../storage/directAccess.ts'
import { mostBytes } from '../bucketRules.ts'
import { blockBytes, type Receipt } from '../receipt.ts'
import { abandon, createLease, receiveBytes } from '../receiveBytes.ts'
import { type Announcement, freshKey, insertAnnounced } from './announceUpload.ts'
import { commitUpload } from './commitUpload.ts'
import { requireUpload } from './receivedUpload.ts'
import { receiptOfStored } from './storedReceipt.ts'
import { fileOf, type VerifyDeps } from './verifyUpload.ts'

type PartDeps = VerifyDeps & Pick<Deps, 'clock' | 'links' | 'storageId'>

/** Announces a file that comes in parts. On S3 they go straight to its final key, which nobody can write to once they are put together. */
export async function beginParts(deps: PartDeps, announcement: Announcement): Promise<UploadRecord> {
  const { direct } = deps.storage
  const storageKey = direct ? freshKey() : null
  const upload = await insertAnnounced(deps, announcement, { parts: true, storageKey })
  if (direct && storageKey !== null) {
    const s3UploadId = await direct.beginParts(storageKey, { mediaType: undefined })
    await asked(() => setS3UploadId(deps.db, upload.id, s3UploadId))
  }
  return upload
}

/** An upload in parts that can still be added to. Throws `upload-not-found`. */
async function requireParts(deps: Pick<Deps, 'db'>, id: string): Promise<UploadRecord> {
  const upload = await requireUpload(deps, id).catch((error: unknown) => {
    throw hasCode(error, 'file-not-found') ? uploadNotFound() : error
  })
  if (!upload.parts) throw uploadNotFound()
  return upload
}

/** A URL to PUT a part with, or a target of the service. Throws `upload-not-found`, `upload-taken` once it is complete. */
export async function signPart(
  deps: PartDeps,
  id: string,
  partNumber: number,
): Promise<{ url: string; seconds: number }> {
  const { storageKey, s3UploadId, expiresAt } = await requireParts(deps, id)
  if (expiresAt === null) throw uploadTaken()
  const left = Math.max(1, Math.floor(expiresAt.getTime() / 1000 - deps.clock.now()))
  const seconds = Math.min(deps.config.http.linkSeconds, left)
  const { direct } = deps.storage
  if (direct && storageKey !== null && s3UploadId !== null)
    return { url: await direct.signPart(storageKey, s3UploadId, partNumber, seconds), seconds }
  const { target } = deps.links.sign('PUT', `/direct/${id}/parts/${partNumber}`, {}, seconds)
  return { url: target, seconds }
}

/** Makes received bytes a part. Throws `upload-not-found`; bytes that are not used are in the trash. */
export async function storePart(
  deps: Pick<Deps, 'db' | 'logger'>,
  id: string,
  partNumber: number,
  { storageKey, size, digests }: Receipt,
): Promise<UploadPart> {
  const part = { number: partNumber, storageKey, size, md5: digests.md5 }
  const stored = await asked(() => putUploadPart(deps.db, id, part)).catch(async (error: unknown) => {
    await abandon(deps, storageKey)
    throw error
  })
  if (stored) return part
  await abandon(deps, storageKey)
  throw uploadNotFound()
}

/** The parts that are there, by their numbers. Throws `upload-not-found`. */
export async function listParts(deps: PartDeps, id: string): Promise<readonly SentPart[]> {
  const { storageKey, s3UploadId } = await requireParts(deps, id)
  const { direct } = deps.storage
  if (direct && storageKey !== null && s3UploadId !== null)
    return await direct.listParts(storageKey, s3UploadId)
  const parts = await asked(() => listUploadParts(deps.db, id))
  return parts.map(({ number, size, md5 }) => ({ partNumber: number, size, etag: etagOf(md5) }))
}

/** The entity tag of a part, as S3 makes them. */
export const etagOf = (md5: Buffer): string => `"${md5.toString('hex')}"`

export interface NamedPart {
  readonly partNumber: number
  /** With or without its quotes. */
  readonly etag: string
}

/**
 * Puts parts together and makes them the file that was announced; done before, it returns that file. Throws
 * `upload-not-found`, `parts-invalid`, and what `commitUpload` throws; an upload that is refused then has ended.
 */
export function completeParts(deps: PartDeps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const running = deps.verifications.get(id)
  if (running) return running
  const completion = complete(deps, id, parts).finally(() => deps.verifications.delete(id))
  deps.verifications.set(id, completion)
  return completion
}

async function complete(deps: PartDeps, id: string, parts: readonly NamedPart[]): Promise<FileRecord> {
  const upload = await requireParts(deps, id)
  if (upload.expiresAt === null) return (await fileOf(deps, upload)) ?? gone()
  if (new Set(parts.map(({ partNumber }) => partNumber)).size < parts.length)
    throw partsInvalid('one of them is named twice')
  const lease = createLease(deps)
  try {
    const receipt = await receive(deps, upload, parts, lease)
    return await commitUpload(deps, upload, receipt)
  } catch (error) {
    if (hasCode(error, 'upload-taken')) return (await fileOf(deps, upload)) ?? gone()
    // What is put together cannot be added to.
    if (REFUSALS.some((code) => hasCode(error, code))) await abortParts(deps, id)
    throw error
  } finally {
    lease.end()
  }
}

const REFUSALS = [
  'size-mismatch',
  'digest-mismatch',
  'type-mismatch',
  'type-not-allowed',
  'file-too-large',
] as const

function gone(): never {
  throw uploadNotFound()
}

async function receive(
  deps: PartDeps,
  { id, bucket, storageKey, s3UploadId }: UploadRecord,
  parts: readonly NamedPart[],
  lease: ReturnType<typeof createLease>,
): Promise<Receipt> {
  const { direct } = deps.storage
  if (direct && storageKey !== null && s3UploadId !== null) {
    const size = await direct.completeParts(storageKey, s3UploadId, parts)
    return await receiptOfStored(deps, storageKey, size, () => {})
  }
  const there = new Map((await asked(() => listUploadParts(deps.db, id))).map((part) => [part.number, part]))
  const wanted = parts
    .toSorted((one, other) => one.partNumber - other.partNumber)
    .map(({ partNumber, etag }) => {
      const part = there.get(partNumber)
      if (!part || etagOf(part.md5).replaceAll('"', '') !== etag.replaceAll('"', ''))
        throw partsInvalid(`part ${partNumber} is not the one that is there`)
      return part
    })
  if (wanted.length === 0) throw partsInvalid('there are none')
  const declaredBytes = wanted.reduce((sum, { size }) => sum + size, 0)
  const rules = await deps.rulesOfBuckets.find(bucket)
  const maxBytes = mostBytes({ limits: deps.config.limits, rules })
  return await receiveBytes(deps, bytesOf(deps, wanted), { sha512: false, declaredBytes, maxBytes, lease })
}

async function* bytesOf({ storage }: PartDeps, parts: readonly UploadPart[]) {
  for (const { storageKey, size } of parts) {
    if (size === 0) continue
    const blocks = storage.read(storageKey, { first: 0, last: size - 1 }, blockBytes)
    for await (const block of blocks) yield Buffer.from(block) // the storage uses its buffer again
  }
}

/** Gives an upload in parts up. Throws `upload-not-found`; what is complete stays. */
export async function abortParts(deps: Pick<Deps, 'db'>, id: string): Promise<void> {
  if (!(await asked(() => deletePendingUpload(deps.db, id)))) throw uploadNotFound()
}

async function asked<Result>(question: () => Promise<Result>): Promise<Result> {
  try {
    return await question()
  } catch (error) {
    throw toDomainError(error)
  }
}
