import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { errorCode } from '../../errors.ts'
import { readWhole } from './files.ts'

/** Device, inode and mtime of the identity file: they differ after a mount, of another volume or of the same one. */
export type IdentityStamp = string

const toStamp = ({ dev, ino, mtimeNs }: BigIntStats): IdentityStamp => `${dev} ${ino} ${mtimeNs}`

/** Throws the system's error, ENOENT when there is no identity file. */
export const readStampSync = (path: string) => toStamp(statSync(path, { bigint: true }))

/** The code of a failure that means: another volume is mounted, and nothing was written. */
export const OTHER_VOLUME = 'ESTALE'

/** Notices when another volume, or none, is mounted at the path: bytes written there would be lost. */
export interface VolumeIdentity {
  /** The id of the volume, which `insist` compares from now on; undefined on a new volume. */
  read(): Promise<string | undefined>
  /** The stamp of the identity file when its id was last compared; undefined before the first `read`. */
  stamp(): IdentityStamp | undefined
  /** Throws when the id differs from the one `read` returned. Tells whether the volume was mounted anew since the last call. */
  insist(): Promise<'same' | 'anew'>
}

/** The identity in the file at `path`. */
export function createVolumeIdentity(path: string): VolumeIdentity {
  let id: string | undefined
  let stamp: IdentityStamp | undefined

  const readStamp = () =>
    stat(path, { bigint: true }).then(toStamp, (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
      return undefined
    })
  const readId = async () => (await readWhole(path))?.trim()

  return {
    stamp: () => stamp,
    async read() {
      const seen = await readStamp()
      id = await readId()
      stamp = seen
      return id
    },
    async insist() {
      if (id === undefined) return 'same'
      const seen = await readStamp()
      if (seen !== undefined && seen === stamp) return 'same'
      // The id is read after the stamp: when the volume is exchanged in between, the id decides.
      if ((await readId()) !== id) throw new Error(`${path} does not hold ${id}: is the volume mounted?`)
      stamp = seen
      return 'anew'
    },
  }
}
