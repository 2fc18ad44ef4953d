import { hash } from 'node:crypto'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { percentEncode } from '../../runtime/percentEncode.ts'
import type { S3Location } from './client.ts'
import type { Proof } from './proofs.ts'

export interface S3PutInput extends Proof {
  readonly name: string
  readonly bytes: Buffer
  /** Whether S3 shall refuse, with 412, when an object has this name. */
  readonly first: boolean
}

export interface S3PutAnswer {
  readonly ETag?: string | undefined
  readonly ChecksumCRC32?: string | undefined
}

/**
 * PutObject with the signer, the connections and the time limits of the SDK's client, but without its middleware, which
 * takes longer than everything else that is done for a small file. Sends once; through the SDK where the endpoint wants
 * another signature than sigv4. Throws what the SDK throws, and corrects the clock of the client as the SDK does.
 */
export function createS3QuickPut(client: S3Client, location: S3Location) {
  const { config } = client
  let target: Promise<Target | undefined> | undefined

  async function findTarget(): Promise<Target | undefined> {
    const { url, properties } = config.endpointProvider({
      Bucket: location.s3Bucket,
      Region: await config.region(),
      ForcePathStyle: location.forcePathStyle,
      ...(location.endpoint !== undefined && { Endpoint: location.endpoint }),
    })
    const [scheme] = (properties?.authSchemes ?? []) as readonly Scheme[]
    return scheme?.name === 'sigv4' ? { url, region: scheme.signingRegion } : undefined
  }

  function bySdk(input: S3PutInput, abortSignal: AbortSignal): Promise<S3PutAnswer> {
    const { name, bytes, first, ...proof } = input
    const object = { Bucket: location.s3Bucket, Key: name, Body: bytes, ContentLength: bytes.length }
    return client.send(new PutObjectCommand({ ...object, ...(first && { IfNoneMatch: '*' }), ...proof }), {
      abortSignal,
    })
  }

  return async (input: S3PutInput, abortSignal: AbortSignal): Promise<S3PutAnswer> => {
    target ??= findTarget()
    const found = await target
    if (!found) return await bySdk(input, abortSignal)
    const signer = await config.signer()
    const signed = await signer.sign(toRequest(found.url, input), {
      signingDate: new Date(Date.now() + config.systemClockOffset),
      ...(found.region !== undefined && { signingRegion: found.region }),
    })
    const { response } = await config.requestHandler.handle(signed, { abortSignal })
    const body = Buffer.concat(await Array.fromAsync<Buffer>(response.body))
    const { statusCode, headers } = response
    if (statusCode === 200) return { ETag: headers.etag, ChecksumCRC32: headers['x-amz-checksum-crc32'] }
    const failure = toFailure(statusCode, body.toString())
    const serverTime = Date.parse(headers.date ?? '')
    if (failure.name === 'RequestTimeTooSkewed' && !Number.isNaN(serverTime))
      config.systemClockOffset = serverTime - Date.now()
    throw failure
  }
}

interface Target {
  readonly url: URL
  readonly region: string | undefined
}

interface Scheme {
  readonly name: string
  readonly signingRegion?: string
}

function toRequest(url: URL, { name, bytes, first, ChecksumCRC32, ContentMD5 }: S3PutInput) {
  return {
    method: 'PUT',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: `${url.pathname.replace(/\/$/, '')}/${name.split('/').map(percentEncode).join('/')}`,
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      'x-amz-content-sha256': hash('sha256', bytes),
      ...(first && { 'if-none-match': '*' }),
      ...(ChecksumCRC32 !== undefined && { 'x-amz-checksum-crc32': ChecksumCRC32 }),
      ...(ContentMD5 !== undefined && { 'content-md5': ContentMD5 }),
    },
    body: bytes,
  }
}

/** A failure in the form of the SDK's. The answer of a gateway has no code: its status stands for it. */
function toFailure(status: number, body: string): Error {
  const name = /<Code>([^<]+)<\/Code>/.exec(body)?.[1] ?? String(status)
  const message = /<Message>([^<]+)<\/Message>/.exec(body)?.[1] ?? name
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}
