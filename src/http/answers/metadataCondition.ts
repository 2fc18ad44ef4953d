import type { IncomingHttpHeaders } from 'node:http'
import { preconditionFailed } from '../../errors/requests.ts'
import type { FileRecord } from '../../model/file.ts'
import { matchesEtag } from '../fields/conditionals.ts'
import { metadataEtag } from './fileBody.ts'

/**
 * The check that If-Match and If-None-Match demand before a file is changed; the check throws `precondition-failed`.
 * Undefined when the headers demand no more than that the file exists.
 */
export function metadataCondition({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
}: IncomingHttpHeaders) {
  if ((ifMatch === undefined || ifMatch.trim() === '*') && ifNoneMatch === undefined) return undefined
  return (file: FileRecord) => {
    const etag = metadataEtag(file)
    if (ifMatch !== undefined && !matchesEtag(ifMatch, etag, 'strong')) throw preconditionFailed('If-Match')
    if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag, 'weak'))
      throw preconditionFailed('If-None-Match')
  }
}
