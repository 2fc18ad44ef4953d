import type { Registry } from '../http/contract/operation.ts'
import { createKey } from './access/createKey.ts'
import { createSession } from './access/createSession.ts'
import { deleteSession } from './access/deleteSession.ts'
import { getKey } from './access/getKey.ts'
import { getWhoami } from './access/getWhoami.ts'
import { listAudit } from './access/listAudit.ts'
import { listKeys } from './access/listKeys.ts'
import { revokeKey } from './access/revokeKey.ts'
import { rotateKey } from './access/rotateKey.ts'
import { updateKey } from './access/updateKey.ts'
import { createBucket } from './buckets/createBucket.ts'
import { deleteBucket } from './buckets/deleteBucket.ts'
import { deleteNamedFile } from './buckets/deleteNamedFile.ts'
import { getBucket } from './buckets/getBucket.ts'
import { getNamedFileLink } from './buckets/getNamedFileLink.ts'
import { listBuckets } from './buckets/listBuckets.ts'
import { putFileByName } from './buckets/putFileByName.ts'
import { putNamedFile } from './buckets/putNamedFile.ts'
import { readLink } from './buckets/readLink.ts'
import { readPublicFile } from './buckets/readPublicFile.ts'
import { updateBucket } from './buckets/updateBucket.ts'
import { abortMultipartUpload } from './direct/abortMultipartUpload.ts'
import { completeMultipartUpload } from './direct/completeMultipartUpload.ts'
import { createMultipartUpload } from './direct/createMultipartUpload.ts'
import { createPresignedUrl } from './direct/createPresignedUrl.ts'
import { getFileStatus } from './direct/getFileStatus.ts'
import { getUploadParameters } from './direct/getUploadParameters.ts'
import { listMultipartParts } from './direct/listMultipartParts.ts'
import { postDirectUpload } from './direct/postDirectUpload.ts'
import { putDirectPart } from './direct/putDirectPart.ts'
import { putDirectUpload } from './direct/putDirectUpload.ts'
import { signMultipartPart } from './direct/signMultipartPart.ts'
import { signMultipartParts } from './direct/signMultipartParts.ts'
import { updateFileStatus } from './direct/updateFileStatus.ts'
import { createFile } from './files/createFile.ts'
import { deleteFile } from './files/deleteFile.ts'
import { downloadFile } from './files/downloadFile.ts'
import { getFile } from './files/getFile.ts'
import { getFileLink } from './files/getFileLink.ts'
import { listFiles } from './files/listFiles.ts'
import { putFile } from './files/putFile.ts'
import { updateFile } from './files/updateFile.ts'
import { getHealthcheck } from './health/getHealthcheck.ts'
import { getLiveness } from './health/getLiveness.ts'
import { getReadiness } from './health/getReadiness.ts'
import { getRoot } from './health/getRoot.ts'

/** Every operation of api/openapi.yaml, by its operationId. */
export const registry: Registry = {
  abortMultipartUpload,
  completeMultipartUpload,
  createBucket,
  createFile,
  createKey,
  createMultipartUpload,
  createPresignedUrl,
  createSession,
  deleteBucket,
  deleteFile,
  deleteNamedFile,
  deleteSession,
  downloadFile,
  getBucket,
  getFile,
  getFileLink,
  getFileStatus,
  getHealthcheck,
  getKey,
  getLiveness,
  getNamedFileLink,
  getReadiness,
  getRoot,
  getUploadParameters,
  listAudit,
  getWhoami,
  listBuckets,
  listFiles,
  listKeys,
  listMultipartParts,
  postDirectUpload,
  putDirectPart,
  putDirectUpload,
  putFile,
  putFileByName,
  putNamedFile,
  readLink,
  readPublicFile,
  revokeKey,
  rotateKey,
  signMultipartPart,
  signMultipartParts,
  updateBucket,
  updateFile,
  updateFileStatus,
  updateKey,
}
