import type { IncomingMessage } from 'node:http'
import type { Deps } from '../../deps.ts'
import { signLink } from '../../domain/files/links.ts'
import { linkTo } from '../../domain/files/linkTo.ts'
import { toDownloadName } from '../../domain/values/fileNames.ts'
import type { FileRecord } from '../../model/file.ts'
import { percentEncode } from '../../runtime/percentEncode.ts'
import { actorOf } from '../contract/context.ts'
import { contentDisposition, contentType, type Disposition } from '../send/fileHeaders.ts'
import { publicUrl } from './publicUrl.ts'

export interface LinkOptions {
  readonly disposition: Disposition
  /** Lifetime of the link. */
  readonly seconds: number
  /** The path of the file, for a public file. */
  readonly publicPath: string
}

export interface LinkAnswer {
  readonly url: string
  /** Undefined for a public file, whose URL works as long as the file exists. */
  readonly expiresAt: Date | undefined
}

/** The URL of a link to a file. `linkTo` chooses the kind: direct to the storage, public, or signed by this service. */
export async function fileLink(
  deps: Deps,
  req: IncomingMessage,
  file: FileRecord,
  { disposition, seconds, publicPath }: LinkOptions,
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
  const path = `/links/${file.id}/${percentEncode(toDownloadName(file.name))}`
  const { target, expiresAt } = signLink(deps, actorOf(req), {
    method: 'GET',
    path,
    query: { ...query },
    seconds: link.seconds,
  })
  return { url: publicUrl(req, target), expiresAt }
}

/** The path of a public file, by its name. */
export const publicPath = ({ bucket, name }: FileRecord) => `/public/${bucket}/${percentEncode(name)}`
