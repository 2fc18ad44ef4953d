import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { storageUnavailable } from '../../errors/service.ts'
import { failpoint } from '../../runtime/failpoint.ts'
import type { S3Calls } from './calls.ts'
import { errorStatus } from './errors.ts'
import type { S3Objects } from './objects.ts'
import { confirms, type Proof, prove } from './proofs.ts'

/** Writes a whole object in one request, under a name that is used once. The object is durable when it resolves. */
export type S3Put = (name: string, bytes: Buffer) => Promise<void>

/** Verifies every object it writes: by the answer, or by its size. */
export function createS3Put(
  { send, put, s3Bucket: Bucket, proof: kind }: S3Calls,
  objects: S3Objects,
): S3Put {
  /** Whether requests ask the server to refuse a second object of the same name; some servers answer 501. */
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
      // When only the answer was lost, the repeated request meets the object of the first.
      if (errorStatus(error) !== 412) throw error
      const there = await send(new HeadObjectCommand({ Bucket, Key: name, ChecksumMode: 'ENABLED' }))
      // With a key of KMS the ETag proves nothing. The name is random, so the size is enough.
      if (!confirms(proof, bytes, there) && !there.ServerSideEncryption?.startsWith('aws:kms')) throw error
      return there
    })
    await failpoint('U5')
    // The checksum in the answer proves as much as a HEAD would.
    if (confirms(proof, bytes, answer)) return
    const size = await objects.sizeOf(name)
    if (size !== bytes.length)
      throw storageUnavailable(new Error(`S3 holds ${size} bytes of ${bytes.length} as ${name}.`))
  }
}
