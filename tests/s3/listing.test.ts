import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { type ServiceBehindS3Proxy, startServiceBehindS3Proxy } from '../support/brokenS3.ts'
import { download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { listBelow } from '../support/s3.ts'
import type { S3Call } from '../support/s3Faults.ts'
import { armFailpoints } from '../support/service.ts'

const mebibyte = 2 ** 20

let behind: ServiceBehindS3Proxy
beforeAll(async () => {
  behind = await startServiceBehindS3Proxy({
    AWS_S3_PART_SIZE: String(5 * mebibyte),
    MAX_FILE_SIZE: String(100 * mebibyte),
  })
})
afterEach(async () => {
  await armFailpoints('')
  behind.proxy.heal()
})
afterAll(() => behind.stop())

const always = Number.MAX_SAFE_INTEGER
const lists: readonly S3Call[] = ['ListObjectsV2', 'ListMultipartUploads']

/** A list that lacks new objects. */
const showNothing = (xml: string) => xml.replaceAll(/<(Contents|Upload)>.*?<\/\1>/gs, '')

const options = () => {
  const { storage } = behind.service.deps.config
  if (storage.kind !== 's3') throw new Error('This is about S3.')
  return storage
}

/** A list that still has deleted objects. */
const showStill = (key: string) => (xml: string) => {
  const name = `${options().prefix}blobs/${key}`
  const [, prefix = ''] = /<Prefix>([^<]*)<\/Prefix>/.exec(xml) ?? []
  if (!name.startsWith(prefix) || xml.includes(name)) return xml
  const entry = `<Contents><Key>${name}</Key><Size>100</Size></Contents>`
  return xml.replace('</ListBucketResult>', `${entry}</ListBucketResult>`)
}

async function stored(bytes = randomBytes(100)): Promise<FileBody & { key: string }> {
  const { body: file, status } = await upload(behind.service, bytes)
  expect(status).toBe(201)
  const { rows } = await sql<{ key: string }>`
    select storage_key as key from blobs join files on blob_id = blobs.id where files.id = ${file.id}::uuid
  `.execute(behind.service.deps.db)
  return { ...file, key: rows[0]?.key ?? '' }
}

const remove = ({ id }: FileBody) => send(behind.service, `${filesPath}/${id}`, { method: 'DELETE' })
/** The objects of the bucket, without the faults of the list. */
const list = () => listBelow({ ...options(), endpoint: process.env.S3_TEST_ENDPOINT })
const objects = async () => (await list()).objects.filter((name) => name.includes('/blobs/'))

describe('A list of S3 that is behind what is there', () => {
  it('neither loses a file nor keeps a deleted one', async () => {
    for (const call of lists) behind.proxy.inject(call, { rewrite: showNothing }, always)
    const bytes = randomBytes(100)
    const kept = await stored(bytes)
    const large = await stored(randomBytes(6 * mebibyte))
    expect((await remove(large)).status).toBe(201)
    for (let round = 0; round < 3; round++) await behind.service.maintain()
    expect((await download(behind.service, kept.id)).bytes.equals(bytes)).toBe(true)
    expect(await objects()).toEqual([expect.stringContaining(kept.key)])
    expect((await remove(kept)).status).toBe(201)
    await behind.service.maintain()
    expect(await objects()).toEqual([])
  })

  it('leaves an upload in parts that broke off to a later round', async () => {
    await armFailpoints('U5=EIO')
    expect(await upload(behind.service, randomBytes(6 * mebibyte))).toBeProblem(503, 'storage-unavailable')
    await armFailpoints('')
    for (const call of lists) behind.proxy.inject(call, { rewrite: showNothing }, always)
    await behind.service.maintain()
    expect((await list()).uploads).toHaveLength(1)
    behind.proxy.heal()
    for (let round = 0; round < 2; round++) await behind.service.maintain()
    expect((await list()).uploads).toEqual([])
    expect(await behind.service.violations()).toEqual([])
  })

  it('harms nobody with what was deleted, as long as it shows that', async () => {
    const other = await stored()
    const gone = await stored()
    expect((await remove(gone)).status).toBe(201)
    behind.proxy.inject('ListObjectsV2', { rewrite: showStill(gone.key) }, always)
    for (let round = 0; round < 3; round++) await behind.service.maintain()
    expect((await download(behind.service, gone.id)).status).toBe(404)
    expect((await download(behind.service, other.id)).status).toBe(200)
    behind.proxy.heal()
    for (let round = 0; round < 2; round++) await behind.service.maintain()
    expect(await objects()).toEqual([expect.stringContaining(other.key)])
    expect(await behind.service.violations()).toEqual([])
  })
})

describe('A list of S3 that is throttled', () => {
  it('holds up maintenance alone', async () => {
    const file = await stored()
    for (const call of lists) behind.proxy.inject(call, { status: 503, code: 'SlowDown' }, 3)
    await behind.service.maintain()
    expect((await download(behind.service, file.id)).status).toBe(200)
    expect(await behind.service.violations()).toEqual([])
  })
})
