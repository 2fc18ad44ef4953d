import { S3Client } from '@aws-sdk/client-s3'

/** The bucket of an S3 storage, and how to reach it. */
export interface S3Location {
  readonly s3Bucket: string
  readonly region: string
  /** Undefined means Amazon's endpoint of the region. */
  readonly endpoint: string | undefined
  /** Whether the bucket's name is in the path instead of the name of the host. */
  readonly forcePathStyle: boolean
  /** Undefined means the SDK's default chain: environment, profile, web identity, container, instance. */
  readonly credentials: S3Credentials | undefined
  /**
   * The checksum that proves that bytes arrived unchanged. Every request is signed with the SHA-256 of its body, which every
   * server should compare. CRC-32 is kept with the object as well. MD5 is for servers that compare nothing else.
   */
  readonly proof: 'crc32' | 'md5' | 'sha256'
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const CONNECT_MILLISECONDS = 5000

/** How long a client waits. */
export interface S3Patience {
  /** How long a connection may be silent in both directions. */
  readonly silenceSeconds: number
  /** Connections at once; further calls wait. */
  readonly mostSockets: number
}

/** A client that sends every command once and throws its failure unchanged; `createS3Calls` repeats commands. */
export function createS3Client(location: S3Location, { silenceSeconds, mostSockets }: S3Patience): S3Client {
  const { endpoint, credentials } = location
  const client = new S3Client({
    region: location.region,
    forcePathStyle: location.forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    expectContinueHeader: false,
    // The service computes checksums itself and sends them as headers, which every server understands.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MILLISECONDS,
      socketTimeout: silenceSeconds * 1000,
      httpAgent: { maxSockets: mostSockets, keepAlive: true },
      httpsAgent: { maxSockets: mostSockets, keepAlive: true },
    },
  })
  // Replaces the SDK's retries, whose errors do not name the cause.
  client.middlewareStack.add((next) => (args) => next(args), {
    name: 'retryMiddleware',
    step: 'finalizeRequest',
    priority: 'high',
    override: true,
  })
  return client
}
