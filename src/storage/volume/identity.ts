import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { readWhole } from './files.ts'
import { systemCode } from './systemErrors.ts'

/** Which file it is and when it was written: differs when another volume, or the same one anew, is mounted. */
export type IdentityStamp = string

const toStamp = ({ dev, ino, mtimeNs }: BigIntStats): IdentityStamp => `${dev} ${ino} ${mtimeNs}`

/** Throws what the system throws, ENOENT when there is no identity file. */
export const readStampSync = (path: string) => toStamp(statSync(path, { bigint: true }))

/** The code of a failure that means: the volume is not the one it was, and nothing was written. */
export const OTHER_VOLUME = 'ESTALE'

/** Notices when another volume, or none, is where ours was: bytes written there would be lost with it. */
export interface VolumeIdentity {
  /** The id that the volume carries, insisted on from now on; undefined on a new one. */
  read(): Promise<string | undefined>
  /** How the identity file looked when it was last read; undefined while nothing is insisted on. */
  stamp(): IdentityStamp | undefined
  /** Throws when the id is not the one insisted on. Says whether the volume was mounted anew since the last time. */
  insist(): Promise<'same' | 'anew'>
}

export function createVolumeIdentity(path: string): VolumeIdentity {
  let id: string | undefined
  let stamp: IdentityStamp | undefined

  const readStamp = () =>
    stat(path, { bigint: true }).then(toStamp, (error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
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
      // Read after its stamp: when the volume is exchanged in between, the id decides.
      if ((await readId()) !== id) throw new Error(`${path} does not hold ${id}: is the volume mounted?`)
      stamp = seen
      return 'anew'
    },
  }
}
