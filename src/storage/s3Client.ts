import { S3Client } from '@aws-sdk/client-s3'

/** Where an S3 storage is, and how to speak to it. */
export interface S3Place {
  readonly s3Bucket: string
  readonly region: string
  /** Undefined means Amazon's own for the region. */
  readonly endpoint: string | undefined
  /** Whether the bucket's name is in the path instead of the host's name. */
  readonly forcePathStyle: boolean
  /** Undefined means the SDK's default chain: environment, profile, web identity, container, instance. */
  readonly credentials: S3Credentials | undefined
  /** What proves that bytes arrived as they were sent; CRC-32 is newer and cheaper, every server knows MD5. */
  readonly proof: 'crc32' | 'md5'
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const CONNECT_MILLISECONDS = 5000
/** How long a connection may be silent, and a server may take to answer. */
const SILENCE_MILLISECONDS = 20_000
const MOST_SOCKETS = 256
/** With back-off these are more than fit into the deadline of a call, which is what ends them. */
const MOST_ATTEMPTS = 12

/** A client that repeats what failed for reasons of the moment, until its caller's signal says that it is enough. */
export function createS3Client(place: S3Place): S3Client {
  const { endpoint, credentials } = place
  return new S3Client({
    region: place.region,
    forcePathStyle: place.forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    maxAttempts: MOST_ATTEMPTS,
    // Ours are computed where the bytes are read, and sent in headers, which every server understands.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MILLISECONDS,
      requestTimeout: SILENCE_MILLISECONDS,
      throwOnRequestTimeout: true,
      socketTimeout: SILENCE_MILLISECONDS,
      httpAgent: { maxSockets: MOST_SOCKETS, keepAlive: true },
      httpsAgent: { maxSockets: MOST_SOCKETS, keepAlive: true },
    },
  })
}

/** How long one call may take with all its repetitions, up to the head of its answer. */
const DEADLINE_MILLISECONDS = 30_000

/** Makes one call, and gives it up after the deadline. */
export async function withDeadline<Output>(
  call: (options: { abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Output> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), DEADLINE_MILLISECONDS)
  try {
    return await call({ abortSignal: deadline.signal })
  } finally {
    clearTimeout(timer) // the body of an answer may take as long as it likes
  }
}
