import { createBucket, deleteBucket, headBucket } from './bucketOperations.ts'
import type { S3Operation } from './call.ts'
import { completeMultipartUpload } from './completeMultipartUpload.ts'
import { listObjects } from './listObjects.ts'
import { listMultipartUploads, listParts } from './listUploads.ts'
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipartOperations.ts'
import { copyObject, deleteMany, deleteOne, putObject } from './putOperations.ts'
import { getObject, headObject } from './readOperations.ts'
import { refusal } from './refusal.ts'
import type { S3Request } from './request.ts'

/** The operations of the double, by Amazon's names. The signature of `PostObject` is in its form. */
export const operations = {
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteObject: deleteOne,
  DeleteObjects: deleteMany,
  GetObject: getObject,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListMultipartUploads: listMultipartUploads,
  ListObjectsV2: listObjects,
  ListParts: listParts,
  PutObject: putObject,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
} as const satisfies Record<string, S3Operation>

export type OperationName = keyof typeof operations | 'PostObject'

/** By method, by kind of path (bucket or object), and by the parameter that selects another operation. */
const routes: Readonly<Record<string, OperationName>> = {
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'DELETE bucket': 'DeleteBucket',
  'GET bucket': 'ListObjectsV2',
  'GET bucket uploads': 'ListMultipartUploads',
  'POST bucket': 'PostObject',
  'POST bucket delete': 'DeleteObjects',
  'PUT object': 'PutObject',
  'PUT object copy': 'CopyObject',
  'PUT object uploadId': 'UploadPart',
  'PUT object uploadId copy': 'UploadPartCopy',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
  'POST object uploads': 'CreateMultipartUpload',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
  'GET object uploadId': 'ListParts',
}

const SELECTING = ['uploads', 'uploadId', 'delete']
const KNOWN =
  /^(?:x-amz-.*|x-id|partNumber|uploadId|uploads|delete|list-type|prefix|delimiter|max-keys|start-after|continuation-token|encoding-type|fetch-owner|max-uploads|key-marker|upload-id-marker|max-parts|part-number-marker|response-[a-z-]+)$/i

/** Throws `NotImplemented` for an operation of S3 that the double lacks, `MethodNotAllowed` for one that does not exist. */
export function findOperation({ method, s3Bucket, key, query, headers }: S3Request): OperationName {
  const unknown = query.map(([name]) => name).filter((name) => !KNOWN.test(name))
  if (unknown.length > 0)
    throw refusal('NotImplemented', `The double does not know the parameter ${unknown.join()}.`)
  if (s3Bucket === undefined) throw refusal('NotImplemented', 'The double does not list buckets.')
  const selected = query.map(([name]) => name).filter((name) => SELECTING.includes(name))
  const copies = method === 'PUT' && headers.has('x-amz-copy-source') ? ['copy'] : []
  const place = key === undefined ? 'bucket' : 'object'
  const found = routes[[method, place, ...selected, ...copies].join(' ')]
  if (!found)
    throw refusal('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      Method: method,
    })
  return found
}
