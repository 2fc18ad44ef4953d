import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { storageUnavailable } from '../../errors.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { errorStatus } from './errors.ts'
import type { S3Objects } from './objects.ts'
import { confirms, type Proof, prove } from './proofs.ts'

/** Writes a whole object in one request under a name that is used once. It is there when it resolves. */
export type S3Put = (name: string, bytes: Buffer) => Promise<void>

export function createS3Put(
  { send, put, s3Bucket: Bucket, proof: kind }: S3Calls,
  objects: S3Objects,
): S3Put {
  /** Whether the server refuses whoever comes second under a name; some answer 501 to that wish. */
  let refusesSecond = true

  const attempt = (name: string, bytes: Buffer, proof: Proof) =>
    put({ name, bytes, first: refusesSecond, ...proof })

  return async (name, bytes) => {
    const proof = prove(kind, bytes)
    await failpoint('U3')
    const answer = await attempt(name, bytes, proof).catch(async (error: unknown) => {
      if (refusesSecond && errorStatus(error) === 501) {
        refusesSecond = false
        return await attempt(name, bytes, proof)
      }
      // A repetition of ours meets what it wrote itself when only the answer was lost.
      if (errorStatus(error) !== 412) throw error
      const there = await send(new HeadObjectCommand({ Bucket, Key: name, ChecksumMode: 'ENABLED' }))
      // What is encrypted with a key of KMS has an ETag that shows nothing; its name is random, so its size has to do.
      if (!confirms(proof, bytes, there) && !there.ServerSideEncryption?.startsWith('aws:kms')) throw error
      return there
    })
    await failpoint('U5')
    // An answer that shows the checksum tells as much as asking again would.
    if (confirms(proof, bytes, answer)) return
    const size = await objects.sizeOf(name)
    if (size !== bytes.length)
      throw storageUnavailable(new Error(`S3 holds ${size} bytes of ${bytes.length} as ${name}.`))
  }
}
