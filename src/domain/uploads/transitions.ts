import type { UploadStatus } from '../../database/schema.ts'

const next: Readonly<Record<UploadStatus, readonly UploadStatus[]>> = {
  pending: ['uploaded'],
  uploaded: ['processing'],
  processing: ['completed', 'failed'],
  failed: ['pending'],
  completed: [],
}

/** Whether an upload may go from one status to the other. */
export const mayBecome = (from: UploadStatus, to: UploadStatus): boolean => next[from].includes(to)
