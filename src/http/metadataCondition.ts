import type { FileRecord } from '../database/fileRecord.ts'
import { matches } from './conditionals.ts'
import { metadataEtag } from './fileBody.ts'

/** What an `If-Match` demands of a file before it is changed; undefined without the header. */
export const metadataCondition = (ifMatch: string | undefined) =>
  ifMatch === undefined ? undefined : (file: FileRecord) => matches(ifMatch, metadataEtag(file), 'strong')
