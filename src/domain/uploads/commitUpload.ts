import type { Deps } from '../../deps.ts'
import { sizeMismatch, typeMismatch, uploadDigestMismatch } from '../../errors/uploads.ts'
import { everyFile } from '../../model/actor.ts'
import type { Receipt } from '../../model/blob.ts'
import type { FileRecord } from '../../model/file.ts'
import type { UploadRecord } from '../../model/upload.ts'
import { insistOnSize, insistOnType, limitsOf } from '../buckets/bucketRules.ts'
import { detectReceived } from '../detection/detectReceived.ts'
import { commitFile } from '../storing/commitFile.ts'
import { fitsDeclared } from '../values/declaredTypes.ts'

/**
 * Makes received bytes the file of an upload, if they match the announcement; `upload.partsDigest` stands for the list of
 * parts that they were put together from. Throws `size-mismatch`, `digest-mismatch`,
 * `type-mismatch`, `file-too-large`, `type-not-allowed`, `upload-taken` when another request was first, and what `commitFile`
 * throws. The caller gives up refused bytes; with `repeatable`, it may commit them later.
 */
export async function commitUpload(
  deps: Deps,
  upload: UploadRecord,
  receipt: Receipt,
  { repeatable }: { repeatable: boolean },
): Promise<FileRecord> {
  const { id, bucket, name, metadata, owner, createdBy } = upload
  const { subjects, ...checked } = await check(deps, upload, receipt)
  const { size, storageKey, blockCrc32, lease, room } = receipt
  const { sha256, sha1, md5 } = receipt.digests
  const bytes = { storageKey, size, sha256, sha1, md5, blockCrc32 }
  try {
    const { file } = await commitFile(deps, {
      file: { id, bucket, name, named: false, metadata, owner, createdBy, bytes, ...checked },
      duplicates: 'allow',
      reach: everyFile,
      makesBucket: true, // the announcement was refused where it may not
      ...{ subjects, room },
      upload,
      repeatable,
    })
    return file
  } finally {
    lease?.end()
  }
}

/** Checks the bytes against the announcement and the limits of the bucket. Returns what the commit needs. */
async function check(deps: Deps, upload: UploadRecord, receipt: Receipt) {
  const { bucket, name, size, sha256, declaredType } = upload
  const limits = await limitsOf(deps, bucket)
  if (size !== null && receipt.size !== size) throw sizeMismatch(size, receipt.size)
  insistOnSize(limits, receipt.size)
  if (sha256 && !receipt.digests.sha256.equals(sha256)) throw uploadDigestMismatch()
  const mediaType = await detectReceived(deps, receipt, { declaredType, name })
  // A sender that does not know the size passes on a media type that a browser guessed from the name.
  if (size !== null && !fitsDeclared(declaredType, mediaType)) throw typeMismatch(declaredType, mediaType)
  insistOnType(limits, mediaType)
  return { mediaType, expiresInSeconds: limits.expiresInSeconds, subjects: limits.subjects }
}
