import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { download, send, upload } from './support/client.ts'
import { startService, type TestService } from './support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

describe('createFile', () => {
  it('stores a file that is found by its hash and comes back byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251))
    const hash = createHash('sha256').update(bytes).digest('hex')
    const created = await upload(service, bytes, { name: 'numbers.bin' })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({
      file_hash: hash,
      file_name: 'numbers.bin',
      file_size: 3_000_000,
      status: 'stored',
    })
    expect((await send(service, `/service/fileupload/${hash}`)).body).toEqual(created.body)
    expect((await download(service, hash)).bytes.equals(bytes)).toBe(true)
  })

  it('refuses bytes that the bucket holds, and shows the file that has them', async () => {
    const first = await upload(service, 'the same bytes')
    const second = await upload(service, 'the same bytes')
    expect(second).toBeProblem(403, 'file-exists')
    expect(second.body).toMatchObject({ file: first.body })
  })
})
