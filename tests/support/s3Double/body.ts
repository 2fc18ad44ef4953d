import type { IncomingMessage } from 'node:http'
import { unchunk } from './awsChunked.ts'
import { type Checksum, digest, verifyChecksum } from './checksums.ts'
import { refusal } from './refusal.ts'
import type { S3Request } from './request.ts'
import { sha256 } from './sigV4.ts'

/** A body whose every proof was found good. */
export interface ReceivedBody {
  readonly bytes: Buffer
  /** The one that came with it. */
  readonly checksum: Checksum | undefined
}

const MOST_BYTES = 5 * 2 ** 30

/** Throws `MissingContentLength` and `EntityTooLarge` for a body that is not even to be read. */
export function insistOnLength({ method, headers }: Pick<S3Request, 'method' | 'headers'>): void {
  if (method !== 'PUT' && method !== 'POST') return
  const length = headers.get('content-length')
  const decoded = headers.get('x-amz-decoded-content-length')
  if (length === undefined && (decoded === undefined || !headers.has('transfer-encoding')))
    throw refusal('MissingContentLength', 'You must provide the Content-Length HTTP header.')
  if (Number(decoded ?? length) > MOST_BYTES)
    throw refusal('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')
}

export const readAll = async (stream: IncomingMessage): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync<Buffer>(stream))

const STREAMED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/** Judges a body by all that was said of it: its signed hash, its trailer, MD5 and checksum. */
export function judgeBody(sent: Buffer, payloadHash: string, headers: S3Request['headers']): ReceivedBody {
  if (/^STREAMING-/.test(payloadHash) && payloadHash !== STREAMED)
    throw refusal('NotImplemented', `The double does not know ${payloadHash}.`)
  if (/^[0-9a-f]{64}$/.test(payloadHash)) {
    const ServerComputedContentSHA256 = sha256(sent)
    const details = { ClientComputedContentSHA256: payloadHash, ServerComputedContentSHA256 }
    if (payloadHash !== ServerComputedContentSHA256)
      throw refusal(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        details,
      )
  } else if (payloadHash !== 'UNSIGNED-PAYLOAD' && payloadHash !== STREAMED) {
    const valid = 'UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value'
    throw refusal('InvalidArgument', `x-amz-content-sha256 must be ${valid}.`)
  }
  const { bytes, trailers } =
    payloadHash === STREAMED ? unchunk(sent, headers) : { bytes: sent, trailers: new Map<string, string>() }
  verifyMd5(bytes, headers.get('content-md5'))
  const checksum = verifyChecksum(new Map([...headers, ...trailers]), [bytes])
  if (headers.has('x-amz-sdk-checksum-algorithm') && !checksum)
    throw refusal(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  return { bytes, checksum }
}

function verifyMd5(bytes: Buffer, stated: string | undefined): void {
  if (stated === undefined) return
  if (!/^[A-Za-z0-9+/]{22}==$/.test(stated))
    throw refusal('InvalidDigest', 'The Content-MD5 you specified was invalid.')
  if (digest('md5', [bytes]).toString('base64') !== stated)
    throw refusal('BadDigest', 'The Content-MD5 you specified did not match what we received.')
}
