import { chmod, mkdtemp, rmdir, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { giveTo, type Identity } from './identity.ts'
import { makeFolder } from './makeFolder.ts'

/** A socket's path may have 104 bytes on macOS and 108 on Linux, and PostgreSQL adds a name of 14. */
const LONGEST_FOLDER_BYTES = 88
const temporaryPrefix = 'upfile-postgres-'

/**
 * Makes the folder of the socket, mode 0700. In the temporary folder it has a new random name each time, so no other user can
 * prepare it.
 */
export async function createSocketFolder(directory: string, identity: Identity): Promise<string> {
  const ours = join(directory, 'run')
  const fits = Buffer.byteLength(ours) <= LONGEST_FOLDER_BYTES
  const folder = fits ? ours : await mkdtemp(join(tmpdir(), temporaryPrefix))
  if (fits) await makeFolder(ours, 0o700)
  await giveTo(identity, folder)
  await chmod(folder, 0o700)
  return folder
}

/** The paths of the socket and its lock, as PostgreSQL names them for port 5432. */
export const socketFiles = (folder: string): string[] =>
  ['.s.PGSQL.5432', '.s.PGSQL.5432.lock'].map((name) => join(folder, name))

/** Removes a folder made in the temporary folder; does nothing to any other. */
export async function removeTemporarySocketFolder(folder: string): Promise<void> {
  if (dirname(folder) !== tmpdir() || !basename(folder).startsWith(temporaryPrefix)) return
  // By name, not recursively: another user may have put files or links there, and this may run as root.
  for (const path of socketFiles(folder)) await unlink(path).catch(() => {})
  await rmdir(folder).catch(() => {})
}
