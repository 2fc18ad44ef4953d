import { MAX_PARTS } from '../model/upload.ts'
import type { S3StorageOptions } from '../storage/s3/s3.ts'
import { type StorageKind, storageKinds } from '../storage/storage.ts'
import type { createReader, Env } from './reader.ts'

/** The storage of the bytes: a volume below the data directory, or an S3 bucket. */
export type StorageConfig = { readonly kind: 'volume' } | (S3StorageOptions & { readonly kind: 's3' })

/** Reads STORAGE, STORAGE_FROM and the settings of S3; mistakes of the latter count only when S3 is one of the two. */
export function storageConfig(
  read: ReturnType<typeof createReader>,
  { maxFileSizeBytes }: { maxFileSizeBytes: number },
): { storage: StorageConfig; storageFrom: StorageConfig | undefined } {
  const kind = read.choice('STORAGE', storageKinds, 'volume')
  const from = kindFrom(read, kind)
  const configs: Readonly<Record<StorageKind, StorageConfig>> = {
    volume: { kind: 'volume' },
    s3: s3Config(read, [kind, from].includes('s3') ? read.refuse : () => {}, maxFileSizeBytes),
  }
  return { storage: configs[kind], storageFrom: from && configs[from] }
}

/**
 * The settings of a move to this storage. It moves from the other storage that STORAGE or STORAGE_FROM names, else from the
 * first other kind.
 */
export const moveTo =
  (to: StorageKind) =>
  ({ STORAGE, STORAGE_FROM }: Env): Env => {
    const others = storageKinds.filter((kind) => kind !== to)
    const named = [STORAGE, STORAGE_FROM].flatMap((name) => others.filter((kind) => kind === name))
    return { STORAGE: to, STORAGE_FROM: [...named, ...others][0] }
  }

function kindFrom(read: ReturnType<typeof createReader>, target: StorageKind): StorageKind | undefined {
  const given = read.optional('STORAGE_FROM')
  if (given === undefined) return undefined
  const kind = storageKinds.find((each) => each === given && each !== target)
  if (kind === undefined)
    read.refuse(`STORAGE_FROM must be ${storageKinds.join(' or ')}, and differ from STORAGE, not "${given}"`)
  return kind
}

function s3Config(
  read: ReturnType<typeof createReader>,
  refuse: (mistake: string) => void,
  maxFileSizeBytes: number,
): StorageConfig {
  const options = s3Options(read, refuse)
  const { s3Bucket, partBytes, uploadMemoryBytes } = options
  if (s3Bucket === '') refuse('AWS_S3_BUCKET_NAME must name the bucket when STORAGE or STORAGE_FROM is s3')
  if (partBytes * MAX_PARTS < maxFileSizeBytes)
    refuse(`AWS_S3_PART_SIZE must be at least ${Math.ceil(maxFileSizeBytes / MAX_PARTS)} for MAX_FILE_SIZE`)
  if (uploadMemoryBytes < partBytes) refuse('AWS_S3_UPLOAD_MEMORY must be at least AWS_S3_PART_SIZE')
  return { kind: 's3', ...options }
}

function s3Options(
  read: ReturnType<typeof createReader>,
  refuse: (mistake: string) => void,
): S3StorageOptions {
  const endpoint =
    read.optional('AWS_S3_ENDPOINT') === undefined
      ? read.url('AWS_S3_ENDPOINT_URL')
      : read.url('AWS_S3_ENDPOINT')
  const region =
    read.optional('AWS_S3_REGION') ?? read.optional('AWS_DEFAULT_REGION') ?? read.optional('AWS_REGION')
  if (region === undefined && endpoint === undefined)
    refuse('AWS_S3_REGION must name the region of the bucket')
  const addressing = read.choice('AWS_S3_ADDRESSING', ['auto', 'path', 'virtual'], 'auto')
  const checksum = read.choice('AWS_S3_CHECKSUM', ['auto', 'crc32', 'sha256', 'md5'], 'auto')
  return {
    s3Bucket: read.text('AWS_S3_BUCKET_NAME', ''),
    region: region ?? 'us-east-1',
    endpoint,
    publicEndpoint: read.url('AWS_S3_PUBLIC_ENDPOINT'),
    // Amazon wants the bucket in the name of the host; few other servers have a certificate for such names.
    forcePathStyle: addressing === 'auto' ? endpoint !== undefined : addressing === 'path',
    proof: checksum === 'auto' ? (endpoint === undefined ? 'crc32' : 'sha256') : checksum,
    credentials: credentials(read, refuse),
    prefix: read.text('AWS_S3_PREFIX', ''),
    partBytes: read.integer('AWS_S3_PART_SIZE', 8 * 2 ** 20, 5 * 2 ** 20, 2 ** 30),
    uploadMemoryBytes: read.integer('AWS_S3_UPLOAD_MEMORY', 256 * 2 ** 20, 1, Number.MAX_SAFE_INTEGER),
    deadlineSeconds: read.integer('AWS_S3_DEADLINE_SECONDS', 30, 1, 3600),
  }
}

/** Undefined means the SDK's default chain, which finds a role of the machine too. */
function credentials(
  read: ReturnType<typeof createReader>,
  refuse: (mistake: string) => void,
): S3StorageOptions['credentials'] {
  const accessKeyId = read.optional('AWS_ACCESS_KEY_ID')
  const secretAccessKey = read.optional('AWS_SECRET_ACCESS_KEY')
  const sessionToken = read.optional('AWS_SESSION_TOKEN')
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    refuse('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: set both, or neither')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}
