import type { IncomingHttpHeaders } from 'node:http'
import { preconditionFailed } from '../../errors/requests.ts'
import type { FileCondition, FileRecord, NameCondition } from '../../model/file.ts'
import { matchesEtag } from '../fields/conditionals.ts'
import { metadataEtag } from './fileBody.ts'

/**
 * The check that If-Match and If-None-Match demand before a file is changed; the check throws `precondition-failed`.
 * Undefined when the headers demand no more than that the file exists.
 */
export function metadataCondition({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
}: IncomingHttpHeaders): FileCondition | undefined {
  if ((ifMatch === undefined || ifMatch.trim() === '*') && ifNoneMatch === undefined) return undefined
  return (file) => judge({ ifMatch, ifNoneMatch }, file)
}

/**
 * The same check before a file is put under a name, of the file that has the name to itself: `If-Match: *` demands that there is
 * one, `If-None-Match: *` that there is none. Undefined when the headers demand nothing.
 */
export function nameCondition({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
}: IncomingHttpHeaders): NameCondition | undefined {
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined
  return (file) => {
    if (file) judge({ ifMatch, ifNoneMatch }, file)
    else if (ifMatch !== undefined) throw preconditionFailed('If-Match')
  }
}

interface Conditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

function judge({ ifMatch, ifNoneMatch }: Conditions, file: FileRecord): void {
  const etag = metadataEtag(file)
  if (ifMatch !== undefined && !matchesEtag(ifMatch, etag, 'strong')) throw preconditionFailed('If-Match')
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag, 'weak'))
    throw preconditionFailed('If-None-Match')
}
