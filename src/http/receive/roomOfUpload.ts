import type { Deps } from '../../deps.ts'
import { insistOnRoom, openRoom } from '../../domain/storing/room.ts'
import type { Room } from '../../model/blob.ts'
import type { UploadLimit } from './uploadLimit.ts'

/** The bytes that text parts, headers and delimiters may add to the file of a form. */
export const formOverheadBytes = 2 ** 20

/** A request with a file. */
interface SentFile {
  /** Content-Length. */
  readonly declaredBytes: number | undefined
  readonly limit: UploadLimit
}

/** Takes room for a body that is the file itself. Undefined when no limit bounds it. Throws `quota-exceeded`. */
export async function openRoomOfBody(
  deps: Deps,
  { declaredBytes: most, limit: { subjects, files, replacedBytes } }: SentFile,
): Promise<Room | undefined> {
  if (subjects.length === 0) return undefined
  const expected = most === undefined ? undefined : { least: Math.max(0, most - replacedBytes), most }
  return await openRoom(deps, { subjects, files, expected })
}

/**
 * Judges a form before its body, when its bucket is known: a file that is as much smaller than the form as a file can be has no
 * room. Throws `quota-exceeded`.
 */
export async function judgeForm(deps: Deps, { declaredBytes = 0, limit }: SentFile): Promise<void> {
  const least = Math.max(0, declaredBytes - formOverheadBytes)
  if (limit.subjects.length > 0) await insistOnRoom(deps, { ...limit, least })
}

/** Where the file of a form is in the body. */
interface FilePlace {
  /** The number of bytes before the first byte of the file. */
  readonly begin: number
  readonly boundary: string
}

/**
 * Takes room for the file of a form, when its part begins: all bytes of the body that are left but the closing delimiter with its
 * line end, though text parts may follow the file. Undefined when no limit bounds it. Throws `quota-exceeded`.
 */
export async function openRoomOfPart(
  deps: Deps,
  { declaredBytes, limit: { subjects, files } }: SentFile,
  { begin, boundary }: FilePlace,
): Promise<Room | undefined> {
  if (subjects.length === 0) return undefined
  const closing = `\r\n--${boundary}--\r\n`
  const most = declaredBytes === undefined ? undefined : Math.max(0, declaredBytes - begin - closing.length)
  const expected = most === undefined ? undefined : { least: Math.max(0, most - formOverheadBytes), most }
  return await openRoom(deps, { subjects, files, expected })
}
