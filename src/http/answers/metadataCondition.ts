import type { IncomingHttpHeaders } from 'node:http'
import { preconditionFailed } from '../../errors/requests.ts'
import type { FileRecord } from '../../model/file.ts'
import { matches } from '../fields/conditionals.ts'
import { metadataEtag } from './fileBody.ts'

/** What a request's headers demand of a file before it is changed; undefined when no more than that it is there. */
export function metadataCondition({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
}: IncomingHttpHeaders) {
  if ((ifMatch === undefined || ifMatch.trim() === '*') && ifNoneMatch === undefined) return undefined
  return (file: FileRecord) => {
    const etag = metadataEtag(file)
    if (ifMatch !== undefined && !matches(ifMatch, etag, 'strong')) throw preconditionFailed('If-Match')
    if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag, 'weak'))
      throw preconditionFailed('If-None-Match')
  }
}
