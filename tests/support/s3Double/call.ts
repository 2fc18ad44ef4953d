import type { ReceivedBody } from './body.ts'
import { refusal } from './refusal.ts'
import type { S3BucketContents, World } from './world.ts'
import type { XmlElement } from './xml.ts'
import { toXml } from './xml.ts'

/** A call that may be done: signed well, its body received. */
export interface S3Call {
  readonly world: World
  readonly region: string
  readonly method: string
  readonly s3Bucket: string
  /** Empty in calls about a bucket. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  /** The headers of the request, and those that were signed in its query. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: ReceivedBody
  /** How often the object had been changed when the request came. */
  readonly changesBefore: number
  readonly now: Date
}

export interface S3Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Buffer[]
}

export type S3Operation = (call: S3Call) => S3Answer

export function contentsOf({ world, s3Bucket }: Pick<S3Call, 'world' | 's3Bucket'>): S3BucketContents {
  const contents = world.get(s3Bucket)
  if (!contents)
    throw refusal('NoSuchBucket', 'The specified bucket does not exist', { BucketName: s3Bucket })
  return contents
}

export const answerEmpty = (status: number, headers: Readonly<Record<string, string>> = {}): S3Answer => ({
  status,
  headers,
  body: [],
})

export const answerXml = (
  name: string,
  content: readonly XmlElement[],
  { status = 200, headers = {} }: Partial<Pick<S3Answer, 'status' | 'headers'>> = {},
): S3Answer => ({
  status,
  headers: { 'content-type': 'application/xml', ...headers },
  body: [Buffer.from(toXml(name, content))],
})
