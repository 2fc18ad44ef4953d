import type { IncomingMessage } from 'node:http'
import { findStorageKeyOfFile } from '../../database/rows/fileContents.ts'
import type { Deps } from '../../deps.ts'
import { toDownloadName } from '../../domain/values/fileNames.ts'
import type { FileRecord } from '../../model/file.ts'
import { contentDisposition, contentType, type Disposition } from '../send/fileHeaders.ts'
import { publicUrl } from './publicUrl.ts'

export interface LinkWishes {
  readonly disposition: Disposition
  readonly seconds: number
  /** Where the file is if it is public. */
  readonly publicPath: string
}

export interface FileLink {
  readonly url: string
  /** Undefined for a public file, whose address is good as long as the file is there. */
  readonly expiresAt: Date | undefined
}

/**
 * A URL that a client without a credential can GET the file with: straight from the storage where the bucket's rule and
 * the storage allow it, else from the service. Public files have an address of their own.
 */
export async function fileLink(
  { clock, db, links, bucketRules, storage }: Deps,
  req: IncomingMessage,
  file: FileRecord,
  { disposition, seconds: wished, publicPath }: LinkWishes,
): Promise<FileLink> {
  // No link outlives its file.
  const left = file.expiresAt ? Math.floor(file.expiresAt.getTime() / 1000 - clock.now()) : wished
  const seconds = Math.max(1, Math.min(wished, left))
  const rules = await bucketRules.of(file.bucket)
  const query = disposition === 'inline' ? { disposition } : undefined
  if (rules.visibility === 'public') {
    const path = query ? `${publicPath}?${new URLSearchParams(query)}` : publicPath
    return { url: publicUrl(req, path), expiresAt: undefined }
  }
  const direct = rules.links === 'direct' ? storage.direct : undefined
  const storageKey = direct && (await findStorageKeyOfFile(db, file.id))
  const url =
    storageKey !== undefined &&
    (await direct?.signRead(storageKey, {
      seconds,
      mediaType: contentType(file.mediaType),
      disposition: contentDisposition(file, disposition),
    }))
  if (url) return { url, expiresAt: new Date((clock.now() + seconds) * 1000) }
  const path = `/links/${file.id}/${encodeStrictly(toDownloadName(file.name))}`
  const { target, expiresAt } = links.sign('GET', path, { ...query }, seconds)
  return { url: publicUrl(req, target), expiresAt }
}

/** Where a public file is found by its name. */
export const publicPath = ({ bucket, name }: FileRecord) => `/public/${bucket}/${encodeStrictly(name)}`

/** Nothing that is left as it is means anything in a path, so no proxy has a reason to write it in another way. */
const encodeStrictly = (name: string) =>
  encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
