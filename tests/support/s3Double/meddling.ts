import { setTimeout as sleep } from 'node:timers/promises'
import { answerXml, type S3Answer } from './call.ts'
import { type RefusalCode, refusal } from './refusal.ts'

/**
 * What stands between a call that is signed well and what it does. Unlike the proxy of `s3Faults.ts`, which breaks what is
 * said to any server, it decides what the server itself has done by the time it answers, whatever the call and however it
 * was sent: with a signature in its headers, in its query or in a form.
 */
export type Meddling = (perform: () => Promise<S3Answer>) => Promise<S3Answer>

/** Thrown in the place of an answer: the connection is reset. */
export class HangUp extends Error {}

/** The key may not do this, or the server will not: nothing is done. */
export const refuse =
  (code: RefusalCode): Meddling =>
  async () => {
    throw refusal(code)
  }

/** It is done, and told as a failure. */
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

/** It is done, and nobody hears of it. */
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

/** The bytes of the answer are others than those that were stored: one bit of the last is. */
export const flipBit: Meddling = async (perform) => {
  const answer = await perform()
  const bytes = Buffer.concat(answer.body)
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  return { ...answer, body: [bytes] }
}
