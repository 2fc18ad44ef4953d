import { findUpload, moveUpload } from '../../database/rows/uploads.ts'
import type { Deps } from '../../deps.ts'
import { fileNotFound } from '../../errors/files.ts'
import { fileMissingYet, invalidTransition } from '../../errors/uploads.ts'
import type { Actor } from '../../model/actor.ts'
import type { FileRecord } from '../../model/file.ts'
import { mayBecome, type UploadRecord, type UploadStatus } from '../../model/upload.ts'
import { reaches } from '../access/reaches.ts'
import { fileOf } from './findUpload.ts'
import { verifyUpload } from './verifyUpload.ts'

/** The state of an announced file, as the application sees it. */
export interface UploadState {
  readonly id: string
  readonly name: string
  readonly mediaType: string
  readonly status: UploadStatus
  readonly updatedAt: string
}

/** The state of an upload or a file that the actor reaches. A file without an upload is `completed`. Throws `file-not-found`. */
export const findUploadState = async (deps: Deps, actor: Actor, id: string): Promise<UploadState> =>
  toState(await findBoth(deps, actor, id))

/** The state of a file that was just stored or found. */
export const stateOfFile = async ({ db }: Deps, file: FileRecord): Promise<UploadState> =>
  toState({ upload: await findUpload(db, file.id), file })

/**
 * Changes the status of an upload; a change to the current status has no effect. Before the change to `uploaded`, the service
 * verifies the bytes. Throws `file-not-found`, `invalid-transition`, `file-missing-yet`, and what `verifyUpload` throws.
 */
export async function changeUploadState(
  deps: Deps,
  actor: Actor,
  id: string,
  to: UploadStatus,
): Promise<UploadState> {
  const found = await findBoth(deps, actor, id)
  const { status } = toState(found)
  if (status === to) return toState(found)
  if (!found.upload || !mayBecome(status, to)) throw invalidTransition(status, to)
  if (to === 'uploaded' && !found.file) {
    // Another operation puts parts together; before that call there are no bytes to verify.
    if (found.upload.parts) throw fileMissingYet()
    await verifyUpload(deps, actor, found.upload)
  } else if (!(await moveUpload(deps.db, id, { from: status, to }))) {
    const current = toState(await findBoth(deps, actor, id))
    if (current.status !== to) throw invalidTransition(current.status, to)
  }
  return toState(await findBoth(deps, actor, id))
}

/** An upload and its file; at least one of the two exists. */
interface UploadAndFile {
  readonly upload: UploadRecord | undefined
  readonly file: FileRecord | undefined
}

async function findBoth(deps: Deps, actor: Actor, id: string): Promise<UploadAndFile> {
  const upload = await findUpload(deps.db, id)
  const file = await fileOf(deps, { id, bucket: upload?.bucket ?? '' })
  const found = file ?? upload
  if (found && !(await reaches(deps, actor, found))) throw fileNotFound()
  // The file of a completed upload may be deleted by now.
  if (!file && (!upload || upload.expiresAt === null)) throw fileNotFound()
  return { upload, file }
}

function toState({ upload, file }: UploadAndFile): UploadState {
  const { name, mediaType } = file ?? { name: upload?.name, mediaType: upload?.declaredType }
  const times = [upload?.updatedAt, file?.updatedAt].filter((time) => time !== undefined)
  return {
    id: upload?.id ?? file?.id ?? '',
    name: name ?? '',
    mediaType: mediaType ?? '',
    status: upload?.status ?? 'completed',
    updatedAt: times.sort().at(-1) ?? '',
  }
}
