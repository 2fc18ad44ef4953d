import type { IncomingMessage } from 'node:http'
import type { Deps } from '../../deps.ts'
import { signLink } from '../../domain/files/links.ts'
import { linkTo } from '../../domain/files/linkTo.ts'
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

export interface LinkAnswer {
  readonly url: string
  /** Undefined for a public file, whose address is good as long as the file is there. */
  readonly expiresAt: Date | undefined
}

/** The URL of the link that `linkTo` chose. */
export async function fileLink(
  deps: Deps,
  req: IncomingMessage,
  file: FileRecord,
  { disposition, seconds, publicPath }: LinkWishes,
): Promise<LinkAnswer> {
  const link = await linkTo(deps, file, {
    seconds,
    mediaType: contentType(file.mediaType),
    disposition: contentDisposition(file, disposition),
  })
  if (link.kind === 'direct') return link
  const query = disposition === 'inline' ? { disposition } : undefined
  if (link.kind === 'public') {
    const path = query ? `${publicPath}?${new URLSearchParams(query)}` : publicPath
    return { url: publicUrl(req, path), expiresAt: undefined }
  }
  const path = `/links/${file.id}/${encodeStrictly(toDownloadName(file.name))}`
  const { target, expiresAt } = signLink(deps, {
    method: 'GET',
    path,
    query: { ...query },
    seconds: link.seconds,
  })
  return { url: publicUrl(req, target), expiresAt }
}

/** Where a public file is found by its name. */
export const publicPath = ({ bucket, name }: FileRecord) => `/public/${bucket}/${encodeStrictly(name)}`

/** Encodes every character that means something in a path, so that no proxy has a reason to write the path in another way. */
const encodeStrictly = (name: string) =>
  encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
