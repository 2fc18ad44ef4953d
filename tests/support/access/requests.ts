import type { OperationId } from '../../../src/http/contract/operation.ts'
import { holding, makeKey, rootKey } from '../api/keys.ts'
import { examples, type operations, toBody } from '../examples.ts'
import type { TestService } from '../service.ts'

type Operation = (typeof operations)[number]
type Service = Pick<TestService, 'url' | 'api'>

/** What a request is about, which decides how a key is refused that is for other buckets or other names. */
export type Target =
  /** No bucket and no file: nothing is outside the reach of any key. */
  | 'nothing'
  /** A file, an upload or a key that is named by itself. */
  | 'thing'
  /** A name in a bucket: the name of a file that is to be made. */
  | 'new name'
  /** A name in a bucket: the name of a file that is there. */
  | 'known name'
  /** A bucket, to look into. */
  | 'bucket'
  /** A bucket with its rules, for all names. */
  | 'rules'
  /** The rights of a key that is to be made. */
  | 'rights'

/** Every operation: one that has no row here does not compile. */
export const targets: Readonly<Record<OperationId, Target>> = {
  abortMultipartUpload: 'thing',
  completeMultipartUpload: 'thing',
  createBucket: 'rules',
  createFile: 'new name',
  createKey: 'rights',
  createMultipartUpload: 'new name',
  createPresignedUrl: 'new name',
  createSession: 'nothing',
  deleteBucket: 'rules',
  deleteFile: 'thing',
  deleteNamedFile: 'known name',
  deleteSession: 'nothing',
  downloadFile: 'thing',
  getBucket: 'bucket',
  getFile: 'thing',
  getFileLink: 'thing',
  getFileStatus: 'thing',
  getHealthcheck: 'nothing',
  getKey: 'thing',
  getLiveness: 'nothing',
  getNamedFileLink: 'known name',
  getReadiness: 'nothing',
  getRoot: 'nothing',
  getUploadParameters: 'new name',
  getWhoami: 'nothing',
  listAudit: 'nothing',
  listBuckets: 'nothing',
  listFiles: 'bucket',
  listKeys: 'nothing',
  listMultipartParts: 'thing',
  postDirectUpload: 'nothing',
  putDirectPart: 'nothing',
  putDirectUpload: 'nothing',
  putFile: 'new name',
  putFileByName: 'new name',
  putNamedFile: 'new name',
  readLink: 'nothing',
  readPublicFile: 'nothing',
  revokeKey: 'thing',
  rotateKey: 'thing',
  signMultipartPart: 'thing',
  signMultipartParts: 'thing',
  updateBucket: 'rules',
  updateFile: 'thing',
  updateFileStatus: 'thing',
  updateKey: 'thing',
}

/** The things that the requests of the contract's examples are about, and whose names the examples cannot know. */
export interface World {
  readonly parts: string
  readonly announced: string
  readonly key: string
}

/** Makes what is not there, or no longer. */
export async function makeWorld(service: Service, known?: World): Promise<World> {
  const root = holding(service, rootKey)
  for (const [operation, name] of [
    ['createBucket', 'photos'],
    ['createFile', 'hello'],
    ['putFileByName', 'hello'],
    ['putNamedFile', 'report'],
  ] as const) {
    const { path, method, headers, body } = await toRequest(exampleOf(operation, name), known)
    await fetch(`${root.url}${path}`, { method, headers: { ...headers, 'X-Api-Key': rootKey }, body })
  }
  const has = async (id: string | undefined) =>
    id !== undefined && (await root.api.get(`/file-status/${id}`)).status === 200
  const begin = async (path: string, fields: object) => (await root.api.post(path).send(fields)).body.key
  const file = { filename: 'a.bin', type: 'application/octet-stream' }
  return {
    parts:
      known && (await has(known.parts))
        ? known.parts
        : await begin('/s3/multipart', { ...file, metadata: {} }),
    announced:
      known && (await has(known.announced))
        ? known.announced
        : await begin('/presigned-url', { ...file, file_size: 9 }),
    key: known?.key ?? (await makeKey(service)).id,
  }
}

/** A request without a credential. */
export interface PlainRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer> | null
  /** Of an operation that asks nobody for a credential: the status of the answer in the example. */
  readonly status: number | undefined
}

/** The request of an operation: that of its first example which succeeds, if there is one. */
export function requestOf(operation: Operation, world: World): Promise<PlainRequest> {
  const own = examples.filter((example) => example.operation === operation)
  return toRequest(own.find(({ answer }) => answer.status < 400) ?? own[0] ?? { operation }, world)
}

type Sample = Pick<(typeof examples)[number], 'operation'> & Partial<(typeof examples)[number]>

function exampleOf(id: OperationId, called: string): Sample {
  const example = examples.find(({ operation, name }) => operation.operationId === id && name === called)
  if (!example) throw new Error(`${id} has no example ${called}.`)
  return example
}

async function toRequest(sample: Sample, world?: World): Promise<PlainRequest> {
  const { operation, parameters = [], body, answer } = sample
  const known: Readonly<Record<string, string | undefined>> = {
    upload_id: operation.operationId === 'getFileStatus' ? world?.announced : world?.parts,
    key_id: world?.key,
    bucket: 'photos',
    part_number: '1',
  }
  const given = new Map(parameters.map(({ parameter, value }) => [parameter.name, String(value)]))
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent((/_id$/.test(name) ? known[name] : undefined) ?? given.get(name) ?? known[name] ?? ''),
  )
  const query = new URLSearchParams(
    parameters.flatMap(({ parameter, value }): [string, string][] =>
      parameter.in === 'query' ? [[parameter.name, String(value)]] : [],
    ),
  )
  if (world && operation.parameters.some(({ name, in: place }) => name === 'key' && place === 'query'))
    query.set('key', world.parts)
  const value =
    operation.operationId === 'updateFileStatus'
      ? { ...(body?.value as object), uuid: world?.announced }
      : body?.value
  const sent = body && new Response(toBody({ ...body, value }))
  return {
    method: operation.method.toUpperCase(),
    path: `${path}${query.size > 0 ? `?${query}` : ''}`,
    headers:
      sent && body
        ? { 'Content-Type': /form/.test(body.type) ? (sent.headers.get('content-type') ?? '') : body.type }
        : {},
    body: sent ? new Uint8Array(await sent.arrayBuffer()) : null,
    status: operation.security?.some((scheme) => !('link' in scheme)) ? undefined : answer?.status,
  }
}
