import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { S3Calls } from './calls.ts'
import { errorStatus } from './errors.ts'
import type { S3Objects } from './objects.ts'

/** A number in an object that several processes raise; 0 while there is no object. Every function throws what the SDK throws. */
export interface S3Mark {
  read(): Promise<number>
  /** Does nothing when the number is as high already. */
  raise(to: number): Promise<void>
}

const MOST_ROUNDS = 20

/** Forms of the ETag in If-Match: with quotes as in RFC 9110, without quotes for radosgw 16.2, or no condition at all. */
const conditionForms = ['quoted', 'withoutQuotes', 'none'] as const

function toCondition(etag: string | undefined, form: (typeof conditionForms)[number] | undefined) {
  if (form === undefined || form === 'none') return {}
  if (etag === undefined) return { IfNoneMatch: '*' }
  return { IfMatch: form === 'withoutQuotes' ? etag.replaceAll('"', '') : etag }
}

/** The mark in the object with this name. */
export function createS3Mark({ send, s3Bucket: Bucket }: S3Calls, objects: S3Objects, Key: string): S3Mark {
  let form = 0

  async function read() {
    const { text = '0', etag } = (await objects.read(Key)) ?? {}
    return { value: Number(text), etag }
  }

  return {
    read: async () => (await read()).value,
    async raise(to) {
      let refused: string | undefined
      // Read once more after the write: a server without conditions may have taken a lower number from another process.
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const { value, etag } = await read()
        if (value >= to) return
        // The object is unchanged: the server refused the form of the condition.
        if (etag !== undefined && etag === refused) form += 1
        const condition = toCondition(etag, conditionForms[form])
        const command = new PutObjectCommand({ Bucket, Key, Body: String(to), ...condition })
        await send(command).catch((error: unknown) => {
          const status = errorStatus(error)
          if (status === 501) form = conditionForms.indexOf('none')
          else if (status === 412 || status === 404) refused = etag
          else throw error
        })
      }
      throw new Error(`${Key} is written by too many at once.`)
    },
  }
}
