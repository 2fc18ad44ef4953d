import { randomBytes, randomInt } from 'node:crypto'
import { download, send } from '../client.ts'
import { beginMultipart, completeMultipart, sendPart, sha256 } from '../direct.ts'
import type { Promises } from './promises.ts'

type Service = { readonly url: string }

interface Part {
  readonly bytes: Buffer
  /** Undefined until the part was acknowledged. */
  etag: string | undefined
}

interface Growing {
  readonly id: string
  readonly parts: Part[]
  /** Whether its completion was asked for. */
  completing: boolean
}

const PARTS = 3

/** Files that are sent in parts: each part is a promise, and so is the file. */
export function createPartPromises(): Promises {
  /** The hashes of completed files. */
  const files = new Map<string, string>()
  let growing: Growing | undefined
  let count = 0

  const wholeOf = ({ parts }: Growing) => sha256(Buffer.concat(parts.map(({ bytes }) => bytes)))

  async function sendNext(service: Service, { id, parts }: Growing): Promise<void> {
    const unanswered = parts.findIndex(({ etag }) => etag === undefined)
    const index = unanswered < 0 ? parts.length : unanswered
    const part = parts[index] ?? { bytes: randomBytes(randomInt(1, 200_000)), etag: undefined }
    parts[index] = part
    part.etag = await sendPart(service, id, index + 1, part.bytes)
    count += 1
  }

  async function complete(service: Service, upload: Growing): Promise<void> {
    upload.completing = true
    const list = upload.parts.map(({ etag = '' }, index) => ({ PartNumber: index + 1, ETag: etag }))
    const { status } = await completeMultipart(service, upload.id, list)
    if (status !== 200) return
    files.set(upload.id, wholeOf(upload))
    growing = undefined
    count += 1
  }

  async function make(service: Service): Promise<void> {
    if (!growing) {
      const { status, body } = await beginMultipart(service, { bucket: 'parts' })
      if (status === 200) growing = { id: body.uploadId, parts: [], completing: false }
      return
    }
    const whole = growing.parts.filter(({ etag }) => etag !== undefined).length === PARTS
    await (whole ? complete : sendNext)(service, growing)
  }

  /** What is missing of the parts that were acknowledged. */
  async function compareParts(service: Service, { id, parts }: Growing): Promise<string[]> {
    const { status, body } = await send<{ PartNumber: number; ETag: string }[]>(
      service,
      `/s3/multipart/${id}?key=${id}`,
    )
    if (status !== 200) return [`The upload in parts ${id}: ${status}`]
    const found = new Map(body.map(({ PartNumber, ETag }) => [PartNumber, ETag]))
    return parts.flatMap(({ etag }, index) =>
      etag === undefined || found.get(index + 1) === etag ? [] : [`Part ${index + 1} of ${id} is gone`],
    )
  }

  return {
    count: () => count,
    make,
    async compare(service) {
      const broken: string[] = []
      if (growing?.completing && (await download(service, growing.id)).status === 200) {
        files.set(growing.id, wholeOf(growing))
        growing = undefined
      }
      if (growing) broken.push(...(await compareParts(service, growing)))
      for (const [id, hash] of files) {
        const { status, bytes } = await download(service, id)
        if (status !== 200 || sha256(bytes) !== hash) broken.push(`The file of parts ${id}: ${status}`)
      }
      return broken
    },
    async finish(service) {
      for (let steps = 0; growing && steps < 2 * PARTS + 2; steps++) await make(service)
    },
  }
}
