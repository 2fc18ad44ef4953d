import { findStorageKeyOfFile } from '../../database/rows/fileContents.ts'
import type { Deps } from '../../deps.ts'
import type { FileRecord } from '../../model/file.ts'
import type { SignReadOptions } from '../../storage/directAccess.ts'

/** How a client without a credential may GET a file. */
export type FileLink =
  /** At the file's public address, as long as the file is there. */
  | { readonly kind: 'public' }
  /** Straight from the storage, with a URL that the storage signed. */
  | { readonly kind: 'direct'; readonly url: string; readonly expiresAt: Date }
  /** From the service, with a link that is still to be signed for `seconds`. */
  | { readonly kind: 'service'; readonly seconds: number }

/**
 * Decides which link to a file a client gets: the bucket's rules decide, and whether the storage can sign one. No link
 * outlives its file. `wanted.mediaType` and `wanted.disposition` are what the storage is to answer with.
 */
export async function linkTo(deps: Deps, file: FileRecord, wanted: SignReadOptions): Promise<FileLink> {
  const { clock, db, bucketRules, storage } = deps
  const { visibility, links } = await bucketRules.of(file.bucket)
  if (visibility === 'public') return { kind: 'public' }

  const left = file.expiresAt ? Math.floor(file.expiresAt.getTime() / 1000 - clock.now()) : wanted.seconds
  const seconds = Math.max(1, Math.min(wanted.seconds, left))
  const direct = links === 'direct' ? storage.direct : undefined
  const storageKey = direct && (await findStorageKeyOfFile(db, file.id))
  const url =
    storageKey === undefined ? undefined : await direct?.signRead(storageKey, { ...wanted, seconds })
  if (url === undefined) return { kind: 'service', seconds }
  return { kind: 'direct', url, expiresAt: new Date((clock.now() + seconds) * 1000) }
}
