import { mkdir } from 'node:fs/promises'
import { errorCode } from './errorCode.ts'

/** Makes a folder unless it is there. Without `recursive`: in a parent that takes no folders, as /proc, that never returns. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error
  })
}
