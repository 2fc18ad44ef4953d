import { answerEmpty, contentsOf, type S3Operation } from './call.ts'
import { refusal } from './refusal.ts'
import { createBucketContents } from './world.ts'
import { parseXml, textOf } from './xml.ts'

const NAME = /^(?!xn--|sthree-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export const createBucket: S3Operation = ({ world, s3Bucket, region, body, now }) => {
  if (!NAME.test(s3Bucket))
    throw refusal('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: s3Bucket })
  const wish =
    body.bytes.length > 0 ? textOf(parseXml(body.bytes.toString()), 'LocationConstraint') : undefined
  if ((wish ?? 'us-east-1') !== region)
    throw refusal(
      'IllegalLocationConstraintException',
      `The ${wish ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    )
  if (world.has(s3Bucket))
    throw refusal('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded.')
  world.set(s3Bucket, createBucketContents(now))
  return answerEmpty(200, { location: `/${s3Bucket}` })
}

export const headBucket: S3Operation = (call) => {
  contentsOf(call)
  return answerEmpty(200, { 'x-amz-bucket-region': call.region })
}

export const deleteBucket: S3Operation = (call) => {
  if (contentsOf(call).objects.size > 0)
    throw refusal('BucketNotEmpty', 'The bucket you tried to delete is not empty')
  call.world.delete(call.s3Bucket)
  return answerEmpty(204)
}
