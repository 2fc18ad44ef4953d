import { setTimeout as sleep } from 'node:timers/promises'
import { answerXml, type S3Answer } from './call.ts'
import { type RefusalCode, refusal } from './refusal.ts'

/**
 * Wraps the execution of a correctly signed call, to fail it on purpose. The proxy of `s3Faults.ts` breaks requests and
 * answers of any server; this one decides whether the double executes the call before it fails. It works for signatures in
 * headers, in the query and in a form.
 */
export type Meddling = (perform: () => Promise<S3Answer>) => Promise<S3Answer>

/** Thrown in the place of an answer: the connection is reset. */
export class HangUp extends Error {}

/** Refuses the call without executing it. */
export const refuse =
  (code: RefusalCode): Meddling =>
  async () => {
    throw refusal(code)
  }

/** Executes the call, and answers with a failure. */
export const failAfterwards =
  (code: RefusalCode): Meddling =>
  async (perform) => {
    await perform()
    throw refusal(code)
  }

/** The failure is told inside of a 200, as Amazon does once it has begun to answer. */
export const failInside200 =
  (code: RefusalCode, { done }: { readonly done: boolean }): Meddling =>
  async (perform) => {
    if (done) await perform()
    const { body } = answerXml('Error', [
      ['Code', code],
      ['Message', code],
    ])
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: [Buffer.from('\n\n'), ...body],
    }
  }

/** Executes the call, and resets the connection. */
export const hangUpAfterwards: Meddling = async (perform) => {
  await perform()
  throw new HangUp()
}

/** It is done late. */
export const delay =
  (milliseconds: number): Meddling =>
  async (perform) => {
    await sleep(milliseconds)
    return await perform()
  }

/** It is said to be done, and is not: a part that lands after its upload was aborted, a list that lags behind. */
export const pretend =
  (answer: S3Answer): Meddling =>
  async () =>
    answer

/** The answer shows the checksums of other bytes. */
export const otherChecksum: Meddling = async (perform) => {
  const answer = await perform()
  const { 'x-amz-checksum-crc32': crc32, ...headers } = answer.headers
  const etag = { etag: `"${'0'.repeat(32)}"` }
  return { ...answer, headers: { ...headers, ...etag, ...(crc32 && { 'x-amz-checksum-crc32': 'AAAAAA==' }) } }
}

/** The answer differs from the stored bytes: one bit of the last byte is flipped. */
export const flipBit: Meddling = async (perform) => {
  const answer = await perform()
  const bytes = Buffer.concat(answer.body)
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  return { ...answer, body: [bytes] }
}
