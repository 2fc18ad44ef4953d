import { findStorageKeyOfFile } from '../../database/rows/fileContents.ts'
import type { Deps } from '../../deps.ts'
import type { FileRecord } from '../../model/file.ts'
import type { SignReadOptions } from '../../storage/directAccess.ts'

/** How a client without a credential may GET a file. */
export type FileLink =
  /** The file's public address, valid as long as the file exists. */
  | { readonly kind: 'public' }
  /** A URL of the storage, signed by the storage. */
  | { readonly kind: 'direct'; readonly url: string; readonly expiresAt: Date }
  /** A link to the service, which the caller signs for `seconds`. */
  | { readonly kind: 'service'; readonly seconds: number }

/**
 * Chooses the kind of link to a file by the rules of the bucket, and by whether the storage can sign URLs. No link outlives
 * its file. The storage answers with the headers `wanted.mediaType` and `wanted.disposition`.
 */
export async function linkTo(deps: Deps, file: FileRecord, wanted: SignReadOptions): Promise<FileLink> {
  const { clock, db, bucketRules, storage } = deps
  const { visibility, links } = await bucketRules.of(file.bucket)
  if (visibility === 'public') return { kind: 'public' }

  const secondsLeft = file.expiresAt
    ? Math.floor(Date.parse(file.expiresAt) / 1000 - clock.now())
    : wanted.seconds
  const seconds = Math.max(1, Math.min(wanted.seconds, secondsLeft))
  const direct = links === 'direct' ? storage.direct : undefined
  const storageKey = direct && (await findStorageKeyOfFile(db, file.id))
  const url =
    storageKey === undefined ? undefined : await direct?.signRead(storageKey, { ...wanted, seconds })
  if (url === undefined) return { kind: 'service', seconds }
  return { kind: 'direct', url, expiresAt: new Date((clock.now() + seconds) * 1000) }
}
