import { FileServiceError } from '../errors.ts'

/** A bucket is created under a name that another bucket has. */
export const bucketExists = (bucket: string) =>
  new FileServiceError('bucket-exists', `The bucket "${bucket}" exists already.`)

/** A bucket is deleted while it has live files. */
export const bucketNotEmpty = (bucket: string) =>
  new FileServiceError('bucket-not-empty', `The bucket "${bucket}" has files: delete the files first.`)

/** There is no bucket of this name; it may have been deleted. */
export const bucketNotFound = () => new FileServiceError('bucket-not-found', 'This bucket does not exist.')
