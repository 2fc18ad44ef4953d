import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { interleave } from '../rounds.ts'
import { missingS3Server } from '../s3Server.ts'
import type { Service, Site } from '../site.ts'
import { type Line, memoryLine, proofLine, speedLine } from '../table.ts'
import { blocks } from './blocks.ts'
import { sendParts } from './parts.ts'
import { filesPath, MiB, type Row, sizeName } from './row.ts'

const memoryLimit = 96
const warmUpSize = 256 * MiB

/** A way for a file of that many bytes into the service. Returns the SHA-256 of what was sent. */
type Way = { readonly name: string; readonly send: (service: Service, size: number) => Promise<string> }

const ways: readonly Way[] = [
  { name: 'through the service', send: put },
  { name: 'in parts by signed URLs', send: sendParts },
]

export const largeOnVolume: Row = {
  id: '10',
  title: 'the largest file, on a volume',
  run: async (site) => await measureLarge(site, 'a volume', await site.startService()),
}

export const largeOnS3: Row = {
  id: '10',
  title: 'the largest file, on S3',
  missing: missingS3Server,
  async run(site) {
    const bytes = (ways.length + 1) * site.settings.largestSize
    const s3 = await site.startS3Server({ store: 'file', bytes })
    return await measureLarge(site, 'S3', await site.startService('upfile', s3.settings))
  },
}

async function measureLarge(site: Site, storage: string, service: Service): Promise<Line[]> {
  const { largestSize: size } = site.settings
  await site.requireSpace((ways.length + 0.5) * size)
  const lines: Line[] = []
  for (const { name, send } of ways) {
    await readBack(service, await send(service, warmUpSize), warmUpSize)
    let hash = ''
    const upload = async () => {
      hash = await send(service, size)
    }
    const download = async () => await readBack(service, hash, size)
    const measured = await interleave(
      1,
      [upload, download].map((work) => ({ server: service, work: () => speedOf(work, size) })),
    )
    const title = `${sizeName(size)} ${name}, ${storage}`
    for (const [index, direction] of ['upload', 'download'].entries()) {
      const samples = measured.slice(index, index + 1)
      lines.push(
        speedLine('10', `${title}: ${direction}`, 'MiB/s', samples),
        memoryLine('10', `${title}: ${direction}, RSS above idle`, samples, memoryLimit),
      )
    }
    lines.push(proofLine('10', `${title}: SHA-256 of what was sent, of the file, of what came back`, 'equal'))
  }
  return lines
}

async function speedOf(work: () => Promise<void>, size: number): Promise<number> {
  const began = performance.now()
  await work()
  return size / MiB / ((performance.now() - began) / 1000)
}

async function put({ port }: Service, size: number): Promise<string> {
  const hash = createHash('sha256')
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': size }
  const path = `${filesPath}?file_name=large.bin`
  const sending = request({ host: '127.0.0.1', port, path, method: 'PUT', headers })
  const answered: Promise<IncomingMessage[]> = once(sending, 'response')
  const [[answer]] = await Promise.all([answered, pipeline(blocks(size, hash), sending)])
  const body = Buffer.concat(await Array.fromAsync(answer ?? [])).toString()
  const sent = hash.digest('hex')
  if (answer?.statusCode !== 201) throw new Error(`The upload was answered ${answer?.statusCode}: ${body}`)
  if ((JSON.parse(body) as { file_hash?: string }).file_hash !== sent) throw new Error('The hash is wrong')
  return sent
}

/** Downloads a file whole. Throws when it is not what its hash says. */
async function readBack({ port }: Service, hash: string, size: number): Promise<void> {
  const asking = request({ host: '127.0.0.1', port, path: `${filesPath}/${hash}/content` }).end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  const found = createHash('sha256')
  let length = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    found.update(chunk)
    length += chunk.length
  }
  if (length !== size || found.digest('hex') !== hash) throw new Error('What came back is not what was sent')
}
