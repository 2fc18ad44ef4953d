import type { Actor } from '../../model/actor.ts'
import { toFileName } from '../values/fileNames.ts'
import { parseFilePath } from '../values/filePaths.ts'

/**
 * The name for a file that does not have its name to itself. An actor with a prefix names files by their path, because a prefix
 * may end with a folder; others name them by any text. `pointer` names the field of the text. Throws `name-invalid`.
 */
export const toStoredName = ({ reach }: Actor, text: string, pointer: string): string =>
  reach.prefix === '' ? toFileName(text) : parseFilePath(text, pointer)
