import { findUpload, moveUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { fileMissingYet, invalidTransition } from '../../errors/uploads.ts'
import type { FileRecord } from '../../model/file.ts'
import { mayBecome, type UploadRecord, type UploadStatus } from '../../model/upload.ts'
import { fileOf } from './findUpload.ts'
import { verifyUpload } from './verifyUpload.ts'

/** What an application knows of a file that it had announced. */
export interface UploadState {
  readonly id: string
  readonly name: string
  readonly mediaType: string
  readonly status: UploadStatus
  readonly updatedAt: Date
}

/** Throws `file-not-found`. A file that came in another way is `completed`. */
export const findUploadState = async (deps: Deps, id: string): Promise<UploadState> =>
  toState(await find(deps, id))

/** The state of a file that was just stored or found. */
export const stateOfFile = async ({ db }: Deps, file: FileRecord): Promise<UploadState> =>
  toState({ upload: await findUpload(db, file.id), file })

/**
 * Takes a file to its next status; to the one it has changes nothing. `uploaded` is believed only after its bytes were seen.
 * Throws `file-not-found`, `invalid-transition`, `file-missing-yet`, and what `verifyUpload` throws.
 */
export async function changeUploadState(deps: Deps, id: string, to: UploadStatus): Promise<UploadState> {
  const found = await find(deps, id)
  const { status } = toState(found)
  if (status === to) return toState(found)
  if (!found.upload || !mayBecome(status, to)) throw invalidTransition(status, to)
  if (to === 'uploaded' && !found.file) {
    // Parts are put together by their own call; without it there is nothing to see.
    if (found.upload.parts) throw fileMissingYet()
    await verifyUpload(deps, found.upload)
  } else if (!(await moveUpload(deps.db, id, { from: status, to }))) {
    const now = toState(await find(deps, id))
    if (now.status !== to) throw invalidTransition(now.status, to)
  }
  return toState(await find(deps, id))
}

interface Found {
  readonly upload: UploadRecord | undefined
  readonly file: FileRecord | undefined
}

async function find(deps: Deps, id: string): Promise<Found> {
  const upload = await findUpload(deps.db, id)
  const file = await fileOf(deps, { id, bucket: upload?.bucket ?? '' })
  // Of an upload that was finished, the file may be deleted by now.
  if (!file && (!upload || upload.expiresAt === null)) throw fileNotFound()
  return { upload, file }
}

function toState({ upload, file }: Found): UploadState {
  const { name, mediaType } = file ?? { name: upload?.name, mediaType: upload?.declaredType }
  const times = [upload?.updatedAt, file?.updatedAt].flatMap((time) => (time ? [time.getTime()] : []))
  return {
    id: upload?.id ?? file?.id ?? '',
    name: name ?? '',
    mediaType: mediaType ?? '',
    status: upload?.status ?? 'completed',
    updatedAt: new Date(Math.max(...times)),
  }
}
