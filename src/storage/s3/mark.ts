import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { S3Calls } from './calls.ts'
import { statusOf } from './errors.ts'
import type { S3Objects } from './objects.ts'

/** A number in an object that several processes raise; 0 while there is none. Everything throws what the SDK throws. */
export interface S3Mark {
  read(): Promise<number>
  /** Does nothing when it is as high already. */
  raise(to: number): Promise<void>
}

const MOST_ROUNDS = 20

/** How servers like to be told what is replaced: as they should, as radosgw 16.2 does, or not at all. */
const likings = ['quoted', 'bare', 'none'] as const

function toCondition(etag: string | undefined, liking: (typeof likings)[number] | undefined) {
  if (liking === undefined || liking === 'none') return {}
  if (etag === undefined) return { IfNoneMatch: '*' }
  return { IfMatch: liking === 'bare' ? etag.replaceAll('"', '') : etag }
}

export function createS3Mark({ send, s3Bucket: Bucket }: S3Calls, objects: S3Objects, Key: string): S3Mark {
  let liking = 0

  async function read() {
    const { text = '0', etag } = (await objects.read(Key)) ?? {}
    return { value: Number(text), etag }
  }

  return {
    read: async () => (await read()).value,
    async raise(to) {
      let refused: string | undefined
      // Read after it was written, too: where there are no conditions, another may have written a lower one meanwhile.
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const { value, etag } = await read()
        if (value >= to) return
        // Nobody changed it: what was refused was the condition.
        if (etag !== undefined && etag === refused) liking += 1
        const condition = toCondition(etag, likings[liking])
        const command = new PutObjectCommand({ Bucket, Key, Body: String(to), ...condition })
        await send(command).catch((error: unknown) => {
          const status = statusOf(error)
          if (status === 501) liking = likings.indexOf('none')
          else if (status === 412 || status === 404) refused = etag
          else throw error
        })
      }
      throw new Error(`${Key} is written by too many at once.`)
    },
  }
}
