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
  /**
   * What proves that bytes arrived as they were sent. Every request is signed with the SHA-256 of its body, which every
   * server ought to compare; CRC-32 is kept with the object as well, and MD5 is for servers that compare nothing else.
   */
  readonly proof: 'crc32' | 'md5' | 'sha256'
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const CONNECT_MILLISECONDS = 5000

/** How a client bears with what takes long. */
export interface S3Patience {
  /** How long a connection may be silent in both directions. */
  readonly silenceSeconds: number
  /** Connections at once; more calls wait. */
  readonly mostSockets: number
}

/** A client that tries everything once, and throws what went wrong as it is; `createS3Calls` repeats what is worth it. */
export function createS3Client(place: S3Place, { silenceSeconds, mostSockets }: S3Patience): S3Client {
  const { endpoint, credentials } = place
  const client = new S3Client({
    region: place.region,
    forcePathStyle: place.forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    expectContinueHeader: false,
    // Ours are computed where the bytes are read, and sent in headers, which every server understands.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MILLISECONDS,
      socketTimeout: silenceSeconds * 1000,
      httpAgent: { maxSockets: mostSockets, keepAlive: true },
      httpsAgent: { maxSockets: mostSockets, keepAlive: true },
    },
  })
  // In the place of the SDK's own, which ends in errors that name nothing.
  client.middlewareStack.add((next) => (args) => next(args), {
    name: 'retryMiddleware',
    step: 'finalizeRequest',
    priority: 'high',
    override: true,
  })
  return client
}
