import { randomUUID } from 'node:crypto'
import {
  endReservations,
  extendReservation,
  findFull,
  type RoomRequest,
  takeRoom,
} from '../../database/rows/reservations.ts'
import type { Deps } from '../../deps.ts'
import { quotaExceeded } from '../../errors/files.ts'
import type { Subject } from '../../model/allowance.ts'
import type { Room } from '../../model/blob.ts'

/** The subjects whose limits bound an upload. */
export interface RoomOptions {
  readonly subjects: readonly Subject[]
  /** 0 for an upload that was announced: the announcement has the room of the file. */
  readonly files: 0 | 1
  /** The size of the file as far as it is known before the first byte; undefined when it is not. */
  readonly expected: ExpectedBytes | undefined
}

/** Bytes. */
export interface ExpectedBytes {
  /** The upload is refused when this number of bytes has no room. */
  readonly least: number
  readonly most: number
}

/** So many bytes of a file of unknown size come before it takes room: the commit judges a smaller file. */
const UNJUDGED_BYTES = 256 * 1024

/**
 * Takes room for an upload in the allowances of its subjects, before the first byte. An upload of an unknown size takes room
 * while its bytes come, always for a quarter more than have come. Throws `quota-exceeded`.
 */
export async function openRoom(deps: Deps, { subjects, files, expected }: RoomOptions): Promise<Room> {
  const { config, db, logger } = deps
  const id = randomUUID()
  let held: number | undefined

  async function take({ least, most }: ExpectedBytes) {
    const before = held ?? 0
    const answer = await takeRoom(db, {
      ...{ id, subjects, files: held === undefined ? files : 0 },
      ...{ least: least - before, most: most - before },
      expiresInSeconds: config.protocol.leaseSeconds,
    })
    if ('refusedBy' in answer) throw quotaExceeded(answer.refusedBy.kind)
    held = before + answer.bytes
  }

  if (expected) await take(expected)
  else await insistOnRoom(deps, { subjects, files, least: 0 })
  const unjudged = expected ? expected.most - expected.least : UNJUDGED_BYTES
  return {
    get reservation() {
      return held === undefined ? undefined : id
    },
    insist(size) {
      if (size <= (held ?? 0) + unjudged) return undefined
      return take({ least: size, most: Math.ceil(size * 1.25) })
    },
    async renew() {
      if (held !== undefined) await extendReservation(db, id, config.protocol.leaseSeconds)
    },
    async end() {
      if (held === undefined) return
      await endReservations(db, [id]).catch((error: unknown) =>
        logger.warn('The room of an upload stays reserved until its lease runs out', { error }),
      )
    },
  }
}

/** Takes no room. Throws `quota-exceeded` when there is none for so many files and bytes. */
export async function insistOnRoom(
  { db }: Pick<Deps, 'db'>,
  wanted: Pick<RoomRequest, 'subjects' | 'files' | 'least'>,
): Promise<void> {
  const full = await findFull(db, wanted)
  if (full) throw quotaExceeded(full.kind)
}
