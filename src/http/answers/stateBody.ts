import type { components } from '../../../api/openapi.gen.ts'
import type { UploadState } from '../../domain/uploads/uploadStatus.ts'

/** The state of an announced file, as the API shows it. */
export const toStateBody = (state: UploadState): components['schemas']['FileState'] => ({
  uuid: state.id,
  name: state.name,
  type: state.mediaType,
  status: state.status,
  updated_at: state.updatedAt,
})
